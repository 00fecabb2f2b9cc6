import { setTimeout as pause } from 'node:timers/promises';
import { type Consumer, type EachBatchPayload, type Kafka } from 'kafkajs';
import { type SubscriptionHandle, type SubscriptionProgress } from '#events';
import { DependencyUnavailable } from '#kernel';
import { KafkaBatch, type RecordReading } from './kafka-batch.js';
import { KafkaBlocks } from './kafka-blocks.js';
import { KafkaCatchUp } from './kafka-catch-up.js';
import { KafkaLiveness } from './kafka-liveness.js';

export interface MemberSurroundings {
  readonly kafka: Kafka;
  readonly onProblem: (message: string) => void;
  readonly failureOf: (error: unknown) => DependencyUnavailable;
  readonly sessionMs?: number | undefined;
}

const SESSION_MS = 30_000;
const HEARTBEAT_INTERVAL_MS = 3_000;
const REBALANCE_TIMEOUT_MS = 60_000;
/** How long a fetch waits for records: also how long joining and stopping wait for it. */
const FETCH_WAIT_MS = 100;
const RETRIES = 5;
/** How long kafkajs may go on failing, without having joined the group in between, before that is told as the end. */
const TROUBLE_MAX_MS = 60_000;

/** How long leaving the group may take once no handler runs. */
const FAREWELL_MAX_MS = 10_000;

/**
 * One member of a consumer group: places and bytes. Offsets are committed by us alone, after the record was handled or
 * passed; nothing in here lets an error of a handler reach kafkajs, which would try again in place for ever or drop it.
 */
export class KafkaGroupMember implements SubscriptionHandle {
  readonly #consumer: Consumer;
  readonly #liveness: KafkaLiveness;
  readonly #catchUp: KafkaCatchUp;
  readonly #blocks = new KafkaBlocks();
  /** The batch that is handled, or was last. Never rejects. */
  #batch: Promise<unknown> = Promise.resolve();
  /** Counts the divisions of the group: a batch of an earlier one is stale, whoever has its partition now. */
  #division = 0;
  /** Since when it fails; in milliseconds of a clock that nobody sets. */
  #troubledSince: number | undefined;
  #ended: Promise<void> | undefined;
  #failed = false;
  #started = false;
  /** Whoever waits for the start must not wait for one that was stopped. */
  #giveUpStart: ((error: Error) => void) | undefined;

  constructor(
    private readonly surroundings: MemberSurroundings,
    private readonly reading: RecordReading,
  ) {
    const { kafka } = surroundings;
    this.#consumer = kafka.consumer({
      groupId: reading.group,
      sessionTimeout: surroundings.sessionMs ?? SESSION_MS,
      heartbeatInterval: HEARTBEAT_INTERVAL_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      retry: { retries: RETRIES, restartOnFailure: () => this.#mayRestart() },
    });
    this.#liveness = new KafkaLiveness(this.#consumer);
    this.#catchUp = new KafkaCatchUp(kafka, reading);
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  get progress(): SubscriptionProgress {
    return {
      idleMs: this.#liveness.idleMs,
      caughtUp: this.#catchUp.isDone,
      blocked: this.#blocks.list,
    };
  }

  /** Resolves when the group knows where it reads from: what is published from now on is seen. Rejects when it is stopped. */
  async start(): Promise<void> {
    const reading = this.#untilReading();
    this.#catchUp.watch(this.#consumer);
    try {
      await Promise.all([this.#begin(), reading]);
      this.#started = true;
    } catch (error) {
      await this.stop();
      throw this.surroundings.failureOf(error);
    }
  }

  async #begin(): Promise<void> {
    const { topics, from } = this.reading;
    const fromBeginning = from === 'earliest';
    await this.#consumer.connect();
    if (!this.hasEnded) await this.#consumer.subscribe({ topics: [...topics], fromBeginning });
    if (!this.hasEnded) {
      await this.#consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        eachBatch: (payload) => this.#eachBatch(payload),
      });
    }
    // It was stopped meanwhile, and that found nothing to stop yet.
    if (this.hasEnded) await this.#consumer.disconnect();
  }

  stop(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    this.#giveUpStart?.(new DependencyUnavailable('kafka', 'the subscription was stopped'));
    const consumer = this.#consumer.stop().then(() => this.#consumer.disconnect());
    const farewell = Promise.allSettled([consumer, this.#catchUp.close()]);
    const waiting = new AbortController();
    const { signal } = waiting;
    try {
      await this.#batch;
      // A broker that does not answer must not keep a process from ending; the group finds out by itself.
      await Promise.race([farewell, pause(FAREWELL_MAX_MS, undefined, { signal })]);
    } finally {
      waiting.abort();
      this.#blocks.clear();
    }
  }

  /** Joining resolves before the first offsets are known; the first fetch does not. */
  #untilReading(): Promise<void> {
    const { events } = this.#consumer;
    const reading = new Promise<void>((resolve, reject) => {
      this.#giveUpStart = reject;
      this.#consumer.on(events.FETCH, () => resolve());
      this.#consumer.on(events.GROUP_JOIN, () => this.#joined());
      this.#consumer.on(events.CRASH, ({ payload: { error, restart } }) => {
        const failure = this.surroundings.failureOf(error);
        if (restart) this.surroundings.onProblem(`${failure.message}; trying again`);
        else this.#fail(failure, reject);
      });
    });
    reading.catch(() => undefined); // Later crashes are told by onFailure.
    return reading;
  }

  #joined(): void {
    this.#troubledSince = undefined;
    this.#division += 1;
    this.#blocks.clear();
  }

  #mayRestart(): Promise<boolean> {
    this.#troubledSince ??= performance.now();
    const lasts = performance.now() - this.#troubledSince;
    return Promise.resolve(lasts < TROUBLE_MAX_MS && this.#ended === undefined);
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const division = this.#division;
    const batch = new KafkaBatch(payload, {
      reading: this.reading,
      blocks: this.#blocks,
      liveness: this.#liveness,
      catchUp: this.#catchUp,
      onProblem: this.surroundings.onProblem,
      isCurrent: () => division === this.#division && !this.#failed,
    });
    const handling = batch.handle();
    this.#batch = handling.catch(() => undefined);
    const failure = await handling;
    if (failure !== undefined) this.#fail(failure);
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
        if (this.#started) this.reading.onFailure(error);
      });
  }
}
