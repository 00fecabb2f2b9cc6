import {
  type CallRestrictions,
  endLostCalls,
  type InjectionParts,
  type InjectionPipeline,
  RECHECK_EVERY_MS,
} from '#injection';
import { CANARIES_EVERY_MS, type PlantedCanaries, RESTRICTIONS_EVERY_MS } from '#handles';
import { Rounds } from '#platform';

export interface HousekeepingParts extends Pick<
  InjectionParts,
  'clock' | 'events' | 'ledger' | 'resources'
> {
  readonly pipeline: Pick<InjectionPipeline, 'recheck' | 'tidy'>;
  /** At the start, calls that started before this and have not ended never will: no other process serves them. */
  readonly sweepAllBefore: Date | undefined;
  /** Absent: none is planted. */
  readonly canaries?: Pick<PlantedCanaries, 'refresh'> | undefined;
  /** Absent: nothing is restricted. */
  readonly restrictions?: Pick<CallRestrictions, 'refresh'> | undefined;
  readonly onProblem: (message: string, error: unknown) => void;
}

const TIDY_INTERVAL_MS = 1_000;
const SWEEP_INTERVAL_MS = 60_000;
/** After the longest call there may be, for clocks that differ and a buffer that is written late. */
const SWEEP_MARGIN_MS = 60_000;

/** What has to be done from time to time beside the calls. Problems are told, and tried again at the next turn. */
export class Housekeeping {
  readonly #rounds: readonly Rounds[];

  constructor(private readonly parts: HousekeepingParts) {
    let { sweepAllBefore } = parts;
    const sweep = async (): Promise<void> => {
      const before = sweepAllBefore ?? this.#surelyLost();
      sweepAllBefore = undefined;
      await endLostCalls(parts, before);
    };
    const recheck = (): Promise<void> => {
      parts.pipeline.recheck(); // Not awaited: the next turn comes whether it was answered or not.
      return Promise.resolve();
    };
    this.#rounds = [
      this.#every(RECHECK_EVERY_MS, recheck, 'calls in flight cannot be confirmed yet'),
      this.#every(
        CANARIES_EVERY_MS,
        () => parts.canaries?.refresh() ?? Promise.resolve(),
        'which canaries are live is not known anew yet',
      ),
      this.#every(
        RESTRICTIONS_EVERY_MS,
        () => parts.restrictions?.refresh() ?? Promise.resolve(),
        'which restrictions stand is not known anew yet',
      ),
      this.#every(SWEEP_INTERVAL_MS, sweep, 'lost calls cannot be ended yet'),
      this.#every(
        TIDY_INTERVAL_MS,
        () => parts.pipeline.tidy(),
        'summed denials cannot be written, or reserved calls not be given back, yet',
      ),
    ];
  }

  start(): void {
    for (const rounds of this.#rounds) rounds.onApplicationBootstrap();
  }

  /** Resolves when what is under way has ended. */
  async stop(): Promise<void> {
    await Promise.all(this.#rounds.map((rounds) => rounds.onApplicationShutdown()));
  }

  #every(everyMs: number, duty: () => Promise<void>, problem: string): Rounds {
    const onFault = (error: unknown): void => {
      this.parts.onProblem(problem, error);
    };
    return new Rounds({ everyMs, duties: [duty], onFault });
  }

  #surelyLost(): Date {
    const limits = [...this.parts.resources.values()].map(({ limits }) => limits.totalTimeoutMs);
    const longestMs = Math.max(0, ...limits) + SWEEP_MARGIN_MS;
    return new Date(this.parts.clock.now().getTime() - longestMs);
  }
}
