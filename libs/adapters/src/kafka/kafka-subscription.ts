import { decodeEvent, EventUnreadable, type RecordedEvent, type Subscription } from '#events';
import { type PlacedRecord, type RecordReading } from './kafka-batch.js';

/** How a member of a group reads events: it decodes what it finds, and hands on what it can read. */
export const eventReading = (subscription: Subscription): RecordReading => {
  const announced = new AnnouncedEvents();
  const { ahead } = subscription;
  return {
    ...subscription,
    ...(ahead === undefined ? {} : { announce: (records) => ahead(announced.read(records)) }),
    deliver: async (placed) => {
      const event = announced.of(placed) ?? read(placed, subscription.onUnreadable);
      if (event === undefined) return;
      const { topic } = placed.place;
      await subscription.handle({ topic, key: event.partitionkey, event }, placed.place);
    },
  };
};

/** What was decoded to be announced is not decoded again when it is delivered. */
class AnnouncedEvents {
  readonly #events = new WeakMap<PlacedRecord, RecordedEvent>();

  /** Those that can be read; of the others their delivery will tell. */
  read(records: readonly PlacedRecord[]): readonly RecordedEvent[] {
    return records.flatMap((placed) => {
      const event = readable(placed);
      if (event === undefined) return [];
      this.#events.set(placed, event);
      return [event];
    });
  }

  of(placed: PlacedRecord): RecordedEvent | undefined {
    return this.#events.get(placed);
  }
}

function readable({ record }: PlacedRecord): RecordedEvent | undefined {
  try {
    return decodeEvent(record);
  } catch {
    return undefined;
  }
}

/** @throws EventUnreadable that says where the record lies, unless somebody wants to be told instead. */
function read(
  { place, record }: PlacedRecord,
  onUnreadable: Subscription['onUnreadable'],
): RecordedEvent | undefined {
  try {
    return decodeEvent(record);
  } catch (error) {
    if (!(error instanceof EventUnreadable)) throw error;
    const placed = new EventUnreadable(
      error.reason,
      `${place.topic}, offset ${place.offset}: ${error.message}`,
    );
    if (onUnreadable === undefined) throw placed;
    onUnreadable(placed);
    return undefined;
  }
}
