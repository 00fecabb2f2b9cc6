import { endLostCalls, type InjectionParts, type InjectionPipeline } from '#injection';

export interface HousekeepingParts extends InjectionParts {
  readonly pipeline: Pick<InjectionPipeline, 'flushDenials'>;
  /** No other process serves calls of this database: what started before us and has not ended never will. */
  readonly soleProcess: boolean;
  readonly onProblem: (message: string, error: unknown) => void;
}

const FLUSH_INTERVAL_MS = 1_000;
const SWEEP_INTERVAL_MS = 60_000;
/** After the longest call there may be, for clocks that differ and a buffer that is written late. */
const SWEEP_MARGIN_MS = 60_000;

/** What has to be done from time to time beside the calls. Problems are told, and tried again at the next turn. */
export class Housekeeping {
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(private readonly parts: HousekeepingParts) {}

  start(): void {
    const { clock, soleProcess } = this.parts;
    void this.#sweep(soleProcess ? clock.now() : this.#surelyLost());
    this.#every(FLUSH_INTERVAL_MS, () => this.#flush());
    this.#every(SWEEP_INTERVAL_MS, () => this.#sweep(this.#surelyLost()));
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #every(intervalMs: number, run: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void run(), intervalMs).unref());
  }

  async #flush(): Promise<void> {
    try {
      await this.parts.pipeline.flushDenials();
    } catch (error) {
      this.parts.onProblem('summed denials cannot be written yet', error);
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
