import { BaseRpcContext } from '@nestjs/microservices';
import { type RecordPlace } from '#events';

/** Beside the event, what a handler may want to know of its record. */
export class EventContext extends BaseRpcContext<[RecordPlace]> {
  constructor(readonly place: RecordPlace) {
    super([place]);
  }
}
