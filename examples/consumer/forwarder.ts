import { once } from 'node:events';
import { type Writable } from 'node:stream';
import { type Consumer, type EachBatchPayload } from 'kafkajs';
import { type Problem, type Records } from './records.js';
import { Remembered } from './remembered.js';

export interface ForwarderParts {
  readonly consumer: Consumer;
  readonly records: Records;
  /** Gets each new event once, as one line of JSON. */
  readonly sink: Writable;
  readonly onBroken: (
    place: { topic: string; partition: number; offset: string },
    problems: readonly Problem[],
  ) => void;
  /** Told after each batch: up to where everything is done. */
  readonly onDone?: (topic: string, partition: number, nextOffset: bigint) => void;
}

// Repeats come when the relay was interrupted: at most what it had in flight, a few thousand.
const REMEMBERED_IDS_MAX = 100_000;

/**
 * Hands events on, in the order of each key, at least once: offsets are committed when the sink has taken a batch. What
 * cannot be read is told with its place and passed over: evidence must not stand still because of one record.
 */
export class Forwarder {
  readonly counts = { events: 0, repeats: 0, tombstones: 0, broken: 0, unknownSchema: 0 };
  readonly #seen = new Remembered(REMEMBERED_IDS_MAX);

  constructor(private readonly parts: ForwarderParts) {}

  /** Resolves when it is running. */
  start(): Promise<void> {
    return this.parts.consumer.run({
      autoCommit: false,
      eachBatch: (payload) => this.#take(payload),
    });
  }

  async #take(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const { topic, partition } = batch;
    for (const message of batch.messages) {
      await this.#forward({ topic, partition, offset: message.offset }, message);
      await payload.heartbeat(); // Sends one every three seconds at most; a slow sink costs no membership.
    }
    const nextOffset = BigInt(batch.lastOffset()) + 1n;
    await this.parts.consumer.commitOffsets([{ topic, partition, offset: String(nextOffset) }]);
    this.parts.onDone?.(topic, partition, nextOffset);
  }

  async #forward(
    place: { topic: string; partition: number; offset: string },
    record: { key: Buffer | null; value: Buffer | null },
  ): Promise<void> {
    const reading = this.parts.records.read(record);
    if (reading.kind === 'tombstone') {
      this.counts.tombstones += 1;
    } else if (reading.kind === 'broken') {
      this.counts.broken += 1;
      this.parts.onBroken(place, reading.problems);
    } else if (this.#seen.add(reading.event.id)) {
      this.counts.events += 1;
      if (!reading.knownSchema) this.counts.unknownSchema += 1;
      await this.#write(`${JSON.stringify(reading.event)}\n`);
    } else {
      this.counts.repeats += 1;
    }
  }

  async #write(line: string): Promise<void> {
    if (!this.parts.sink.write(line)) await once(this.parts.sink, 'drain');
  }
}
