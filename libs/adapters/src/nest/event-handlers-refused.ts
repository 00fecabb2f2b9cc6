import { PosternError } from '#kernel';

/** The handlers of a process cannot be served as they are written: it does not start. */
export class EventHandlersRefused extends PosternError {
  override readonly code = 'event-handlers-refused';
}
