import { endLostCalls, type InjectionParts, type InjectionPipeline } from '#injection';

export interface HousekeepingParts extends Pick<
  InjectionParts,
  'clock' | 'events' | 'ledger' | 'resources'
> {
  readonly pipeline: Pick<InjectionPipeline, 'tidy'>;
  /** At the start, calls that started before this and have not ended never will: no other process serves them. */
  readonly sweepAllBefore: Date | undefined;
  readonly onProblem: (message: string, error: unknown) => void;
}

const TIDY_INTERVAL_MS = 1_000;
const SWEEP_INTERVAL_MS = 60_000;
/** After the longest call there may be, for clocks that differ and a buffer that is written late. */
const SWEEP_MARGIN_MS = 60_000;

/** What has to be done from time to time beside the calls. Problems are told, and tried again at the next turn. */
export class Housekeeping {
  readonly #timers: NodeJS.Timeout[] = [];
  /** Steps under way; of those that have ended nothing is kept. */
  readonly #running = new Set<Promise<void>>();

  constructor(private readonly parts: HousekeepingParts) {}

  start(): void {
    const { sweepAllBefore } = this.parts;
    this.#run(() => this.#sweep(sweepAllBefore ?? this.#surelyLost()));
    this.#every(TIDY_INTERVAL_MS, () => this.#tidy());
    this.#every(SWEEP_INTERVAL_MS, () => this.#sweep(this.#surelyLost()));
  }

  /** Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }

  #every(intervalMs: number, step: () => Promise<void>): void {
    const timer = setInterval(() => {
      this.#run(step);
    }, intervalMs);
    this.#timers.push(timer.unref());
  }

  #run(step: () => Promise<void>): void {
    const running = step().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async #tidy(): Promise<void> {
    try {
      await this.parts.pipeline.tidy();
    } catch (error) {
      this.parts.onProblem(
        'summed denials cannot be written, or reserved calls not be given back, yet',
        error,
      );
    }
  }

  async #sweep(startedBefore: Date): Promise<void> {
    try {
      await endLostCalls(this.parts, startedBefore);
    } catch (error) {
      this.parts.onProblem('lost calls cannot be ended yet', error);
    }
  }

  #surelyLost(): Date {
    const limits = [...this.parts.resources.values()].map(({ limits }) => limits.totalTimeoutMs);
    const longestMs = Math.max(0, ...limits) + SWEEP_MARGIN_MS;
    return new Date(this.parts.clock.now().getTime() - longestMs);
  }
}
