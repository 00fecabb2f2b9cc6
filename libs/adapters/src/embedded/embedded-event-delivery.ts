import {
  encodeEvent,
  EventUnreadable,
  type IncomingRecord,
  outcomeOf,
  type RecordedEvent,
  type RecordOutcome,
  type RecordPlace,
  STRUCTURED_CONTENT_TYPE,
  type Subscription,
  type Topic,
  validEvent,
} from '#events';

/** A row of the outbox as a subscription reads it. */
export interface EmbeddedRow {
  readonly shard: number;
  readonly position: string;
  readonly topic: Topic;
  readonly key: string;
  readonly writtenAt: Date;
  /** Of the topics that were asked for; of the others only the position counts. */
  readonly payload: unknown;
}

export const placeOf = ({ topic, shard, position }: EmbeddedRow): RecordPlace => ({
  topic,
  partition: shard,
  offset: position,
});

/** Gives a row to the handler of a subscription, as the record that it would be on Kafka. */
export function offerRow(subscription: Subscription, row: EmbeddedRow): Promise<RecordOutcome> {
  const { onRejected } = subscription;
  return outcomeOf(
    () => deliver(subscription, row),
    onRejected === undefined
      ? undefined
      : (error) =>
          onRejected({
            place: placeOf(row),
            record: asRecord(row),
            writtenAt: row.writtenAt.toISOString(),
            error,
          }),
  );
}

async function deliver(subscription: Subscription, row: EmbeddedRow): Promise<void> {
  const event = read(row, subscription.onUnreadable);
  if (event === undefined) return;
  const { topic, key } = row;
  await subscription.handle({ topic, key, event }, placeOf(row));
}

/** What a later version wrote may be unknown to this one. */
function read(
  row: EmbeddedRow,
  onUnreadable: Subscription['onUnreadable'],
): RecordedEvent | undefined {
  try {
    return validEvent(row.payload);
  } catch (error) {
    if (!(error instanceof EventUnreadable)) throw error;
    const where = `${row.topic}, shard ${row.shard}, position ${row.position}`;
    const placed = new EventUnreadable(error.reason, `${where}: ${error.message}`);
    if (onUnreadable === undefined) throw placed;
    onUnreadable(placed);
    return undefined;
  }
}

function asRecord({ key, payload }: EmbeddedRow): IncomingRecord {
  try {
    return encodeEvent(validEvent(payload));
  } catch {
    const headers = { 'content-type': STRUCTURED_CONTENT_TYPE };
    return { key, value: Buffer.from(JSON.stringify(payload)), headers };
  }
}
