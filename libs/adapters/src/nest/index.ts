export { Ctx, Payload } from '@nestjs/microservices';
export { connectEvents } from './connect-events.js';
export { EventContext } from './event-context.js';
export { EventHandlersRefused } from './event-handlers-refused.js';
export { EventPattern } from './event-pattern.js';
export { EventServer, type EventServerOptions } from './event-server.js';
export { OriginalErrorsFilter } from './original-errors.filter.js';
