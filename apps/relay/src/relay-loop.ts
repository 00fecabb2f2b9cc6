import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type EventBus, type Outbox, type OutboxBacklog, OutboxLeaseLost } from '#events';
import { type Clock, secondsAfter } from '#kernel';

/** What the relay tells whoever measures it. */
export interface RelayObserver {
  published(records: number): void;
  failed(): void;
  leased(shards: number): void;
  backlog(backlog: OutboxBacklog): void;
}

export interface RelayParts {
  readonly outbox: Outbox;
  readonly bus: EventBus;
  readonly clock: Clock;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
  readonly observer?: RelayObserver;
  /** Most records of one batch. */
  readonly batchRecordsMax?: number;
}

const BATCH_RECORDS_MAX = 500;
/** Between two looks at an empty outbox: doubles from the one to the other. */
const IDLE_MIN_MS = 20;
const IDLE_MAX_MS = 250;
/** After a failure: chance decides within a bound that doubles from the one to the other. */
const BACK_OFF_MIN_MS = 100;
const BACK_OFF_MAX_MS = 5_000;
const LEASE_EVERY_SECONDS = 3;
const BACKLOG_EVERY_SECONDS = 10;
/** An event that waits longer than this is a problem that somebody should hear of. */
const BACKLOG_AGE_WARN_SECONDS = 60;
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
  private shards = 0;
  private leaseDue: Date;
  private backlogDue: Date;

  constructor(private readonly parts: RelayParts) {
    this.leaseDue = parts.clock.now();
    this.backlogDue = parts.clock.now();
  }

  /** Why nothing gets through at present; undefined while all is well. */
  get trouble(): string | undefined {
    return this.problem;
  }

  /** Resolves when it was stopped. Never rejects: failures are told and tried again. */
  run(): Promise<void> {
    this.running ??= this.loop();
    return this.running;
  }

  /** Resolves when nothing is in flight any more, or after five seconds, and the leases are given up. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const waiting = new AbortController();
    await Promise.race([
      this.running,
      pause(STOP_WAIT_MS, undefined, { signal: waiting.signal, ref: false }).catch(() => undefined),
    ]);
    waiting.abort();
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
      await this.lookAtBacklog(); // Before what may fail: during an outage it matters most.
      this.succeeded(await this.carry());
    } catch (error) {
      this.failed(error);
    }
  }

  /** Takes what other relays let go, too. */
  private async renewLease(): Promise<void> {
    const now = this.parts.clock.now();
    if (now < this.leaseDue) return;
    this.shards = (await this.parts.outbox.lease()).length;
    this.leaseDue = secondsAfter(now, LEASE_EVERY_SECONDS);
    this.parts.observer?.leased(this.shards);
  }

  /** Resolves to the number of records that were published and marked. */
  private async carry(): Promise<number> {
    const { outbox, bus, observer, batchRecordsMax } = this.parts;
    const batch = await outbox.next(batchRecordsMax ?? BATCH_RECORDS_MAX);
    if (batch === undefined || this.stopping.signal.aborted) return 0;
    await bus.publish(batch.records);
    await batch.markPublished();
    observer?.published(batch.records.length);
    return batch.records.length;
  }

  private async lookAtBacklog(): Promise<void> {
    const { clock, outbox, observer, onProblem } = this.parts;
    if (clock.now() < this.backlogDue) return;
    this.backlogDue = secondsAfter(clock.now(), BACKLOG_EVERY_SECONDS);
    const backlog = await outbox.backlog();
    observer?.backlog(backlog);
    if (backlog.oldestAgeSeconds < BACKLOG_AGE_WARN_SECONDS) return;
    const age = Math.round(backlog.oldestAgeSeconds);
    onProblem(`outbox: ${backlog.records} events wait, the oldest for ${age} s`);
  }

  private succeeded(carried: number): void {
    if (this.failures > 0) this.parts.onProblem(`relay: goes on after ${this.failures} failures`);
    this.failures = 0;
    this.problem = undefined;
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
