import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { type EvidenceBudget, type OutboxGauge } from '#events';

const EVERY_MS = 1_000;
/** The measuring takes at most a tenth of the time: after one that took long, there is a longer pause. */
const PAUSES = 9;
/** But an answer is of no use any more after PRESSURE_KNOWN_SECONDS: the next one must come before that. */
const PAUSE_MAX_MS = 10_000;

export interface OutboxWatchParts {
  readonly gauge: OutboxGauge;
  readonly budget: Pick<EvidenceBudget, 'measured'>;
  /** Hears why the outbox cannot be measured; the budget counts the last answer for a while, then refuses. */
  readonly onProblem: (message: string, error: unknown) => void;
}

/** Tells the budget about once a second how much waits in the outbox. */
export class OutboxWatch {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;

  private constructor(private readonly parts: OutboxWatchParts) {}

  /** Resolves when it was measured once: before that, everything is refused. @throws DependencyUnavailable */
  static async start(parts: OutboxWatchParts): Promise<OutboxWatch> {
    const watch = new OutboxWatch(parts);
    const beganMs = performance.now();
    await watch.#measure();
    watch.#running = watch.#go(performance.now() - beganMs);
    return watch;
  }

  /** Resolves when nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  async #go(firstTookMs: number): Promise<void> {
    const { signal } = this.#stopping;
    let tookMs = firstTookMs;
    while (await paused(outboxPauseMs(tookMs), signal)) {
      const beganMs = performance.now();
      await this.#measure().catch((error: unknown) => {
        this.parts.onProblem('the outbox cannot be measured', error);
      });
      tookMs = performance.now() - beganMs;
    }
  }

  async #measure(): Promise<void> {
    const { bytes } = await this.parts.gauge.measure();
    this.parts.budget.measured(bytes);
  }
}

/** Until the next measure, after one that took so long, whether it came about or not. */
export const outboxPauseMs = (tookMs: number): number =>
  Math.min(Math.max(EVERY_MS, tookMs * PAUSES), PAUSE_MAX_MS);

/** Whether the time went by; false when it was cut short. */
const paused = (ms: number, signal: AbortSignal): Promise<boolean> =>
  pause(ms, true, { signal, ref: false }).catch(() => false);
