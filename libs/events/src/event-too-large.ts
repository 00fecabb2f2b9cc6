import { PosternError } from '#kernel';

/** An event is larger than EVENT_BYTES_MAX: nothing was written. */
export class EventTooLarge extends PosternError {
  override readonly code = 'event-too-large';
}
