import {
  EVENT_BYTES_MAX,
  EventJournal,
  type EventDataOf,
  EventTooLarge,
  type EventType,
  type PosternEvent,
} from '#events';
import { DependencyUnavailable } from '#kernel';

/** A journal in memory, with a switch for the outage of a real one. */
export class InMemoryEventJournal extends EventJournal {
  /** What was recorded, in order. */
  readonly events: PosternEvent[] = [];
  #reachable = true;

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  override async append(events: readonly PosternEvent[]): Promise<void> {
    this.record(events);
  }

  /** All of the events or none, at once: for stores that record events together with their own change. */
  record(events: readonly PosternEvent[]): void {
    if (!this.#reachable) {
      throw new DependencyUnavailable('journal', 'the journal is told to be away');
    }
    if (events.some((event) => Buffer.byteLength(JSON.stringify(event)) > EVENT_BYTES_MAX)) {
      throw new EventTooLarge(`an event is larger than ${EVENT_BYTES_MAX} bytes`);
    }
    this.events.push(...events);
  }

  /** The data of the recorded events of one type, in order. */
  of<T extends EventType>(type: T): EventDataOf<T>[] {
    return this.events
      .filter((event): event is PosternEvent<T> => event.type === type)
      .map(({ data }) => data);
  }
}
