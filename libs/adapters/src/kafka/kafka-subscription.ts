import { decodeEvent, EventUnreadable, type RecordedEvent, type Subscription } from '#events';
import { type PlacedRecord, type RecordReading } from './kafka-batch.js';

/** How a member of a group reads events: it decodes what it finds, and hands on what it can read. */
export const eventReading = (subscription: Subscription): RecordReading => ({
  ...subscription,
  deliver: async (placed) => {
    const event = read(placed, subscription.onUnreadable);
    if (event === undefined) return;
    const { topic } = placed.place;
    await subscription.handle({ topic, key: event.partitionkey, event }, placed.place);
  },
});

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
