import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { performance } from 'node:perf_hooks';
import { type EventBus, type Outbox, type OutboxBatch, OutboxLeaseLost } from '#events';
import { type Clock, secondsAfter } from '#kernel';
import { waitAtMost } from '#platform';

/** What the loop tells whoever measures it. */
export interface RelayObserver {
  /** `repeats` of them were sent before. `tookMs`: until they were durable on the bus. */
  published(batch: {
    readonly records: number;
    readonly repeats: number;
    readonly tookMs: number;
  }): void;
  failed(): void;
  leased(shards: number): void;
}

/** Between the steps of a turn: where a crash would leave something half done. */
export type RelayPoint = 'after_read' | 'after_publish_before_mark' | 'after_mark';

export interface RelayParts {
  readonly outbox: Outbox;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
  readonly observer?: RelayObserver;
  /** Most records of one batch. */
  readonly batchRecordsMax?: number;
  /** For tests of what a crash leaves behind: called between the steps, with records on their way. */
  readonly faults?: (point: RelayPoint) => void;
}

const BATCH_RECORDS_MAX = 500;
/** Between two looks at an empty outbox: doubles from the one to the other. */
const IDLE_MIN_MS = 20;
const IDLE_MAX_MS = 250;
/** After a failure: chance decides within a bound that doubles from the one to the other. */
const BACK_OFF_MIN_MS = 100;
const BACK_OFF_MAX_MS = 5_000;
const LEASE_EVERY_SECONDS = 3;
/** A batch on its way to a broker that does not answer is left behind: it is not marked, so another relay sends it. */
const STOP_WAIT_MS = 5_000;

/**
 * Carries events from the outbox to the bus: lease, read, publish, mark, again. One batch at a time, so that the order
 * within a key holds. Whatever fails, nothing is marked, and the same records are read and published again: each event
 * arrives at least once, and a repeat has the same id and the same bytes.
 */
export class RelayLoop {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;
  private restMs = 0;
  private failures = 0;
  private problem: string | undefined;
  private leaseDue: Date;
  private progressAt: Date;

  constructor(private readonly parts: RelayParts) {
    this.leaseDue = parts.clock.now();
    this.progressAt = parts.clock.now();
  }

  /** Why nothing gets through at present; undefined while all is well. */
  get trouble(): string | undefined {
    return this.problem;
  }

  /** Since a turn last ended well: something was published and marked, or there was nothing of its shards to publish. */
  get stalledSeconds(): number {
    return (this.parts.clock.now().getTime() - this.progressAt.getTime()) / 1000;
  }

  /** Resolves when it was stopped. Never rejects: failures are told and tried again. */
  run(): Promise<void> {
    this.running ??= this.loop();
    return this.running;
  }

  /** Resolves when nothing is in flight any more, or after five seconds, and the leases are given up. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await waitAtMost(STOP_WAIT_MS, this.running);
    await this.parts.outbox.close();
  }

  private async loop(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      await this.turn();
      if (this.restMs === 0) continue;
      const { signal } = this.stopping;
      await pause(this.restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async turn(): Promise<void> {
    try {
      await this.renewLease();
      this.succeeded(await this.carry());
    } catch (error) {
      this.failed(error);
    }
  }

  /** Takes what other relays let go, and gives up what is theirs: nothing is in flight now. */
  private async renewLease(): Promise<void> {
    const now = this.parts.clock.now();
    if (now < this.leaseDue) return;
    const shards = await this.parts.outbox.lease();
    this.leaseDue = secondsAfter(now, LEASE_EVERY_SECONDS);
    this.parts.observer?.leased(shards.length);
  }

  /** Resolves to the number of records that were published and marked. */
  private async carry(): Promise<number> {
    const { outbox, observer, batchRecordsMax, faults } = this.parts;
    const batch = await outbox.next(batchRecordsMax ?? BATCH_RECORDS_MAX);
    if (batch === undefined || this.stopping.signal.aborted) return 0;
    faults?.('after_read');
    const tookMs = await this.publish(batch);
    faults?.('after_publish_before_mark');
    await batch.markPublished();
    faults?.('after_mark');
    observer?.published({ records: batch.records.length, repeats: batch.repeats, tookMs });
    return batch.records.length;
  }

  private async publish(batch: OutboxBatch): Promise<number> {
    batch.assertLeased(); // A process that was stopped in between would send what another has sent meanwhile.
    const beganMs = performance.now();
    try {
      await this.parts.bus.publish(batch.records);
    } catch (error) {
      // A part of it may have arrived. When that cannot be noted, the count is too low and nothing else.
      await batch.countAttempt().catch(() => undefined);
      throw error;
    }
    return performance.now() - beganMs;
  }

  private succeeded(carried: number): void {
    if (this.failures > 0) this.parts.onProblem(`relay: goes on after ${this.failures} failures`);
    this.failures = 0;
    this.problem = undefined;
    this.progressAt = this.parts.clock.now();
    if (carried > 0) this.restMs = 0;
    else this.restMs = Math.min(Math.max(this.restMs * 2, IDLE_MIN_MS), IDLE_MAX_MS);
  }

  private failed(error: unknown): void {
    // The leases may be another's by now, or nobody's: ask before the next look.
    if (error instanceof OutboxLeaseLost) this.leaseDue = this.parts.clock.now();
    if (this.stopping.signal.aborted) return;
    this.failures += 1;
    const bound = Math.min(BACK_OFF_MIN_MS * 2 ** (this.failures - 1), BACK_OFF_MAX_MS);
    this.restMs = randomInt(bound) + 1;
    this.problem = error instanceof Error ? error.message : 'unknown failure';
    this.parts.observer?.failed();
    this.parts.onProblem(
      `relay: ${this.problem}; nothing is marked, next try in ${this.restMs} ms`,
    );
  }
}
