import { HopelessRecord } from './hopeless-record.js';

/** Why a record of a topic is no event of ours. */
export type UnreadableReason =
  | 'not_structured'
  | 'too_large'
  | 'not_json'
  | 'not_an_event'
  | 'unknown_type'
  | 'wrong_data'
  | 'wrong_key'
  | 'headers_differ';

/** A record that is no valid event. The message names the field that is wrong and never repeats a value. */
export class EventUnreadable extends HopelessRecord {
  override readonly code = 'event-unreadable';

  constructor(
    override readonly reason: UnreadableReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
