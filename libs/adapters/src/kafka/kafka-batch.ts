import { type EachBatchPayload, type KafkaMessage } from 'kafkajs';
import {
  type IncomingRecord,
  outcomeOf,
  partitionName,
  type Reading,
  type RecordOutcome,
  type RecordPlace,
  type Topic,
} from '#events';
import { BatchProgress } from './kafka-batch-progress.js';
import { type KafkaBlocks } from './kafka-blocks.js';
import { type KafkaCatchUp } from './kafka-catch-up.js';
import { Heartbeats } from './kafka-heartbeats.js';
import { type KafkaLiveness } from './kafka-liveness.js';

/** A record as it lies there: bytes, of which nothing is known. */
export interface PlacedRecord {
  readonly place: RecordPlace;
  readonly record: IncomingRecord;
  /** RFC 3339 */
  readonly writtenAt: string;
}

export interface RecordReading extends Reading {
  /** Gets the records of one partition in order, one at a time. */
  readonly deliver: (record: PlacedRecord) => Promise<void>;
  /** Gets those that come next, at most AHEAD_MAX, the same objects as `deliver`. */
  readonly announce?: (records: readonly PlacedRecord[]) => void;
}

/** So many are announced at once. */
const AHEAD_MAX = 500;

/** What a batch needs to know of the member that handles it. */
export interface BatchMember {
  readonly reading: RecordReading;
  readonly blocks: KafkaBlocks;
  readonly liveness: KafkaLiveness;
  readonly catchUp: KafkaCatchUp;
  readonly onProblem: (message: string) => void;
  /** Whether the member is in the same division of the group as when the batch began, and goes on. */
  readonly isCurrent: () => boolean;
}

/** Records of one partition, in order. What is handled is committed, also when the batch ends early. */
export class KafkaBatch {
  readonly #progress: BatchProgress;
  readonly #heartbeats: Heartbeats;

  constructor(
    private readonly payload: EachBatchPayload,
    private readonly member: BatchMember,
  ) {
    this.#progress = new BatchProgress(payload, member.reading.offsets ?? 'stored');
    this.#heartbeats = new Heartbeats(payload, () => this.#tellExpulsion());
  }

  /**
   * Resolves to what ends the subscription, when something does. Rejects with what the group has to know, such as that
   * it is being divided anew.
   */
  async handle(): Promise<Error | undefined> {
    let failure: Error | undefined;
    try {
      failure = await this.#handleAll();
    } finally {
      this.#heartbeats.stop();
      // A stale batch is not committed: another member may have the partition, and be elsewhere.
      if (this.member.isCurrent()) await this.#progress.commit();
    }
    if (failure === undefined && this.#heartbeats.refusal !== undefined) {
      throw this.#heartbeats.refusal.error;
    }
    return failure;
  }

  async #handleAll(): Promise<Error | undefined> {
    const records = this.payload.batch.messages.map((message) => this.#placed(message));
    for (const [index, placed] of records.entries()) {
      if (!this.#goesOn()) return undefined;
      if (index % AHEAD_MAX === 0) {
        this.member.reading.announce?.(records.slice(index, index + AHEAD_MAX));
      }
      const outcome = await this.member.liveness.whileHandling(() => this.#offer(placed));
      if (!this.member.isCurrent()) return undefined;
      if (outcome.kind === 'failed') return outcome.error;
      if (outcome.kind === 'blocked') {
        this.member.blocks.block(placed.place, outcome.error, () => this.payload.pause());
        return undefined;
      }
      await this.#moveBehind(placed.place);
    }
    return undefined;
  }

  #goesOn(): boolean {
    const { payload, member } = this;
    const { refusal } = this.#heartbeats;
    return payload.isRunning() && !payload.isStale() && member.isCurrent() && refusal === undefined;
  }

  #offer(placed: PlacedRecord): Promise<RecordOutcome> {
    const { deliver, onRejected } = this.member.reading;
    return outcomeOf(
      () => deliver(placed),
      onRejected === undefined ? undefined : (error) => onRejected({ ...placed, error }),
    );
  }

  async #moveBehind(place: RecordPlace): Promise<void> {
    this.member.blocks.free(place);
    this.member.catchUp.moved(partitionName(place), await this.#progress.moveTo(place.offset));
    await this.#heartbeats.beat();
  }

  #tellExpulsion(): void {
    const { topic, partition } = this.payload.batch;
    this.member.onProblem(
      `${topic}, partition ${partition}: the group went on without this member, which was handling records; ` +
        'another member may be handling the same ones now',
    );
  }

  #placed({ key, value, headers, offset, timestamp }: KafkaMessage): PlacedRecord {
    const { topic, partition } = this.payload.batch;
    return {
      place: { topic: topic as Topic, partition, offset },
      record: { key, value, headers },
      writtenAt: new Date(Number(timestamp)).toISOString(),
    };
  }
}
