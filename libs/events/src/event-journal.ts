import { type PosternEvent } from './postern-event.js';

/** Most bytes of one event as JSON; a larger one is refused when it is written, so that none is poison later. */
export const EVENT_BYTES_MAX = 16_384;

/**
 * Where an event goes that has no state of its own, such as a denial. Events that belong to a change of state go with
 * that change, as an argument of its write.
 */
export abstract class EventJournal {
  /**
   * All of the events are durable when this resolves, or none is. May be called at once by many.
   * @throws DependencyUnavailable when they could not be written: then the decision they tell of must not be given.
   */
  abstract append(events: readonly PosternEvent[]): Promise<void>;
}
