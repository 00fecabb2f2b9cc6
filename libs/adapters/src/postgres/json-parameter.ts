import { EVENT_BYTES_MAX, EventTooLarge, type PosternEvent, topicOfEvent } from '#events';
import { codeOf } from './postgres-failure.js';

// jsonb holds neither U+0000 nor half a surrogate pair, and JSON.stringify writes both as escapes. What a caller sent
// may contain them; an event that cannot be written would turn a denial into an outage.
const UNSTORABLE = /\\u0000|\\ud[89a-f]/;

const storable = (_name: string, value: unknown): unknown =>
  typeof value === 'string'
    ? value.replaceAll('\0', '\ufffd').replace(/\p{Surrogate}/gu, '\ufffd')
    : value;

/** The value as JSON text that PostgreSQL takes; what it cannot hold becomes U+FFFD. */
export function jsonParameter(value: unknown): string {
  const text = JSON.stringify(value);
  return UNSTORABLE.test(text) ? JSON.stringify(value, storable) : text;
}

interface ListedEvent {
  readonly topic: string;
  readonly event: PosternEvent;
}

/** What append_events() takes: each event with its topic. */
export const listedEvents = (events: readonly PosternEvent[]): readonly ListedEvent[] =>
  events.map(listedEvent);

export const listedEvent = (event: PosternEvent): ListedEvent => ({
  topic: topicOfEvent(event),
  event,
});

export const eventsParameter = (events: readonly PosternEvent[]): string =>
  jsonParameter(listedEvents(events));

const CHECK_VIOLATION = '23514';

/** Names an event that is too large; every other error as it is. */
export function eventFailure(error: unknown): unknown {
  const refused =
    codeOf(error) === CHECK_VIOLATION && (error as Error).message.includes('outbox_event_size');
  return refused
    ? new EventTooLarge(`an event is larger than ${EVENT_BYTES_MAX} bytes and was not written`, {
        cause: error,
      })
    : error;
}
