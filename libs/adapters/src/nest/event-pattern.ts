import { EventPattern as NestEventPattern } from '@nestjs/microservices';
import { type EventType } from '#events';

/** Nest's `@EventPattern`, for an event type of the catalogue: the method handles events of that type. */
export const EventPattern: (type: EventType) => MethodDecorator = NestEventPattern;
