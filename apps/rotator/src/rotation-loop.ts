import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { randomInt } from 'node:crypto';
import { type Clock } from '#kernel';
import { type LeasedRotation, ROTATION_LEASE_MS, type RotationStore } from '#rotation';
import { waitAtMost } from '#platform';
import { RotationWork, type RotationSteps } from './rotation-work.js';
import { SaidSeldom } from './said-seldom.js';

export interface RotationLoopParts {
  readonly store: Pick<RotationStore, 'lease' | 'renew'>;
  readonly steps: RotationSteps;
  readonly clock: Clock;
  /** Names this process among the rotators. */
  readonly owner: string;
  /** Gets one line for the log of an operator. */
  readonly onProblem: (message: string) => void;
  /** For tests: other times. */
  readonly times?: Partial<RotationTimes>;
}

/** All in milliseconds. */
export interface RotationTimes {
  readonly leaseMs: number;
  readonly renewEveryMs: number;
  readonly stepMsMax: number;
  readonly idleMsMax: number;
}

/** Rotations under way at once. */
const AT_ONCE_MAX = 16;
const TIMES: RotationTimes = {
  leaseMs: ROTATION_LEASE_MS,
  renewEveryMs: 1_000,
  // A change and a probe of ten seconds each, and a few requests of thirty to the secret store.
  stepMsMax: 120_000,
  idleMsMax: 500,
};
/** Between two looks when nothing is due: doubles from this to idleMsMax. */
const IDLE_MS_MIN = 100;
/** After a failure: chance decides within a bound that doubles from the one to the other. */
const BACK_OFF_MS_MIN = 100;
const BACK_OFF_MS_MAX = 5_000;

/**
 * Leases rotations that are due and takes each as far as it goes, many beside each other. What fails is taken up again when
 * its lease has run out, here or by another rotator: every step begins with a look at what is done already.
 */
export class RotationLoop {
  private readonly stopping = new AbortController();
  private readonly underWay = new Set<RotationWork>();
  private readonly works = new Set<Promise<unknown>>();
  private readonly said = new SaidSeldom();
  private readonly times: RotationTimes;
  private running: Promise<void> | undefined;
  private waking = new AbortController();
  private restMs = 0;
  private failures = 0;
  private problem: string | undefined;
  private turnedMs = performance.now();

  constructor(private readonly parts: RotationLoopParts) {
    this.times = { ...TIMES, ...parts.times };
  }

  /** Why none can be leased at present; undefined while all is well. */
  get trouble(): string | undefined {
    return this.problem;
  }

  /** Since it was last known what is due. */
  get stalledSeconds(): number {
    return (performance.now() - this.turnedMs) / 1_000;
  }

  /** The step that has been under way for the longest; undefined: none is. */
  get slowestStep(): { readonly description: string; readonly seconds: number } | undefined {
    const [slowest] = [...this.underWay].sort((one, other) => other.stepMs - one.stepMs);
    if (slowest === undefined) return undefined;
    return { description: slowest.description, seconds: slowest.stepMs / 1_000 };
  }

  /** A step has taken longer than any may. */
  get isStuck(): boolean {
    return [...this.underWay].some(({ stepMs }) => stepMs > this.times.stepMsMax);
  }

  /** Resolves when it was stopped. Never rejects: failures are told and tried again. */
  run(): Promise<void> {
    this.running ??= this.loop();
    return this.running;
  }

  /** Takes up no more. Resolves when the steps under way are done, or after the deadline without them. */
  async stop(deadlineMs: number): Promise<void> {
    this.stopping.abort();
    this.waking.abort();
    await waitAtMost(deadlineMs, Promise.all([this.running, ...this.works]));
  }

  private async loop(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.waking = new AbortController();
      await this.turn();
      const { signal } = this.waking;
      if (this.restMs > 0) await pause(this.restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  private async turn(): Promise<void> {
    const { store, owner } = this.parts;
    try {
      const isFull = this.underWay.size >= AT_ONCE_MAX;
      const lease = isFull ? undefined : await store.lease(owner, this.times.leaseMs);
      this.looked(lease !== undefined);
      if (lease !== undefined) await this.take(lease);
    } catch (error) {
      this.failed(error);
    }
  }

  private async take(lease: LeasedRotation): Promise<void> {
    // Nothing is begun twice here, though its step may stand still: another rotator is to take it.
    const isHere = [...this.underWay].some(({ id }) => id === lease.rotation.id);
    if (isHere || this.stopping.signal.aborted) {
      this.restMs = this.times.idleMsMax;
      await this.parts.store.renew(lease, 0);
      return;
    }
    const onProblem = (message: string): void => {
      if (this.said.isDue(message)) this.parts.onProblem(message);
    };
    const work = new RotationWork(lease, { ...this.parts, ...this.times, onProblem });
    this.underWay.add(work);
    const ended = work.run(this.stopping.signal).then((outcome) => {
      this.underWay.delete(work);
      this.works.delete(ended);
      if (outcome === 'ended') this.wake();
    });
    this.works.add(ended);
  }

  /** One that was taken up a moment ago may be due again in a moment. */
  private wake(): void {
    this.restMs = 0;
    this.waking.abort();
  }

  private looked(foundOne: boolean): void {
    if (this.failures > 0) this.parts.onProblem(`goes on after ${this.failures} failures`);
    this.failures = 0;
    this.problem = undefined;
    this.turnedMs = performance.now();
    this.restMs = foundOne
      ? 0
      : Math.min(Math.max(this.restMs * 2, IDLE_MS_MIN), this.times.idleMsMax);
  }

  private failed(error: unknown): void {
    if (this.stopping.signal.aborted) return;
    this.failures += 1;
    const bound = Math.min(BACK_OFF_MS_MIN * 2 ** (this.failures - 1), BACK_OFF_MS_MAX);
    this.restMs = randomInt(bound) + 1;
    this.problem = error instanceof Error ? error.message : 'unknown failure';
    this.parts.onProblem(`${this.problem}; no rotation is taken up, next try in ${this.restMs} ms`);
  }
}
