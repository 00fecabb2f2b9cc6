import { type Consumer, type EachBatchPayload, type Kafka, type KafkaMessage } from 'kafkajs';
import {
  decodeStructured,
  EventUnreadable,
  type RecordedEvent,
  type Subscription,
  type SubscriptionHandle,
  type Topic,
} from '#events';
import { type DependencyUnavailable } from '#kernel';

export interface SubscriptionSurroundings {
  readonly kafka: Kafka;
  readonly onProblem: (message: string) => void;
  readonly failureOf: (error: unknown) => DependencyUnavailable;
}

const SESSION_TIMEOUT_MS = 30_000;
const HEARTBEAT_INTERVAL_MS = 3_000;
const REBALANCE_TIMEOUT_MS = 60_000;
/** How long a fetch waits for records: also how long joining and stopping wait for it. */
const FETCH_WAIT_MS = 100;
const RETRIES = 5;
/** How long kafkajs may go on failing, without having joined the group in between, before that is told as the end. */
const TROUBLE_MAX_MS = 60_000;
/** Records between two commits: as many are handled again when the process is killed. */
const COMMIT_EVERY = 100;

/**
 * One member of a consumer group. Offsets are committed by us alone, after the handler resolved; nothing in here lets
 * an error reach kafkajs, which would try again in place for ever or drop it.
 */
export class KafkaSubscription implements SubscriptionHandle {
  readonly #consumer: Consumer;
  /** Since when it fails; in milliseconds of a clock that nobody sets. */
  #troubledSince: number | undefined;
  #ended: Promise<void> | undefined;
  #failed = false;
  #started = false;

  constructor(
    private readonly surroundings: SubscriptionSurroundings,
    private readonly subscription: Subscription,
  ) {
    this.#consumer = surroundings.kafka.consumer({
      groupId: subscription.group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: RETRIES, restartOnFailure: () => this.#mayRestart() },
    });
  }

  /** Resolves when the group knows where it reads from: what is published from now on is seen. */
  async start(): Promise<void> {
    const { topics, from } = this.subscription;
    const reading = this.#untilReading();
    try {
      await this.#consumer.connect();
      await this.#consumer.subscribe({ topics: [...topics], fromBeginning: from === 'earliest' });
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (batch) => this.#eachBatch(batch),
      });
      await reading;
      this.#started = true;
    } catch (error) {
      await this.stop();
      throw this.surroundings.failureOf(error);
    }
  }

  stop(): Promise<void> {
    this.#ended ??= this.#consumer.stop().then(() => this.#consumer.disconnect());
    return this.#ended;
  }

  /** Joining resolves before the first offsets are known; the first fetch does not. */
  #untilReading(): Promise<void> {
    const { events } = this.#consumer;
    const reading = new Promise<void>((resolve, reject) => {
      this.#consumer.on(events.FETCH, () => resolve());
      this.#consumer.on(events.GROUP_JOIN, () => {
        this.#troubledSince = undefined;
      });
      this.#consumer.on(events.CRASH, ({ payload: { error, restart } }) => {
        const failure = this.surroundings.failureOf(error);
        if (restart) this.surroundings.onProblem(`${failure.message}; trying again`);
        else this.#fail(failure, reject);
      });
    });
    reading.catch(() => undefined); // Later crashes are told by onFailure.
    return reading;
  }

  #mayRestart(): Promise<boolean> {
    this.#troubledSince ??= performance.now();
    const lasts = performance.now() - this.#troubledSince;
    return Promise.resolve(lasts < TROUBLE_MAX_MS && this.#ended === undefined);
  }

  #fail(error: Error, rejectStart?: (error: Error) => void): void {
    if (this.#failed || this.#ended !== undefined) return;
    this.#failed = true;
    rejectStart?.(error);
    // Not awaited: stopping waits for the batch that this may be called from.
    void this.stop()
      .catch(() => undefined)
      .then(() => {
        // A start that did not come about is told by its rejection.
        if (this.#started) this.subscription.onFailure(error);
      });
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const progress = new Progress(payload, this.subscription.offsets ?? 'stored');
    let failure: Error | undefined;
    try {
      failure = await this.#handleAll(payload, progress);
    } finally {
      await progress.commit();
    }
    if (failure !== undefined) this.#fail(failure);
  }

  /** Resolves to why the handler refused a record; rejects with what the group has to know, such as a rebalance. */
  async #handleAll(payload: EachBatchPayload, progress: Progress): Promise<Error | undefined> {
    const topic = payload.batch.topic as Topic;
    for (const message of payload.batch.messages) {
      if (!payload.isRunning() || payload.isStale() || this.#failed) return undefined;
      const failure = await this.#deliver(topic, message).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      );
      if (failure !== undefined) return failure;
      await progress.moveTo(message.offset);
      await payload.heartbeat();
    }
    return undefined;
  }

  async #deliver(topic: Topic, message: KafkaMessage): Promise<void> {
    const event = this.#read(topic, message);
    if (event !== undefined) {
      await this.subscription.handle({ topic, key: event.partitionkey, event });
    }
  }

  #read(topic: Topic, message: KafkaMessage): RecordedEvent | undefined {
    try {
      return decodeStructured(message);
    } catch (error) {
      if (!(error instanceof EventUnreadable)) throw error;
      const placed = new EventUnreadable(
        error.reason,
        `${topic}, offset ${message.offset}: ${error.message}`,
      );
      if (this.subscription.onUnreadable === undefined) throw placed;
      this.subscription.onUnreadable(placed);
      return undefined;
    }
  }
}

/** How far one batch is handled, and how far that is committed. */
class Progress {
  #next: string | undefined;
  #uncommitted = 0;

  constructor(
    private readonly payload: EachBatchPayload,
    private readonly keeping: 'stored' | 'forgotten',
  ) {}

  async moveTo(offset: string): Promise<void> {
    this.payload.resolveOffset(offset);
    this.#next = String(BigInt(offset) + 1n);
    this.#uncommitted += 1;
    if (this.#uncommitted >= COMMIT_EVERY) await this.commit();
  }

  /** By the batch's own function: the consumer's ignores a commit, without a word, as soon as it is told to stop. */
  async commit(): Promise<void> {
    if (this.#next === undefined || this.#uncommitted === 0 || this.keeping === 'forgotten') return;
    const { topic, partition } = this.payload.batch;
    await this.payload.commitOffsetsIfNecessary({
      topics: [{ topic, partitions: [{ partition, offset: this.#next }] }],
    });
    this.#uncommitted = 0;
  }
}
