import { randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type Metrics } from './metrics.js';
import { type Probe, type ProbeAnswer, type ProbeBreach } from './probe.js';
import { ProbeBreached } from './probe-breached.js';
import { ProbeRecord } from './probe-record.js';

export interface NegativeProberParts {
  readonly probes: readonly Probe[];
  readonly everySeconds: number;
  readonly metrics: Metrics;
  /** Makes a breach durable. What it rejects is tried again with every following round. */
  readonly record: (breach: ProbeBreach) => Promise<void>;
  /** Hears of each breach before it is recorded, for the log. Must not throw. */
  readonly onBreach: (breach: ProbeBreach) => void;
  /** Hears why a breach is not on record yet. Must not throw. */
  readonly onFault: (failure: unknown) => void;
  /** For one answer. Default 10,000. */
  readonly deadlineMs?: number;
}

/** Of more items the others are asked of in the next rounds. */
export const PROBED_A_ROUND_MAX = 20;
const DEADLINE_MS = 10_000;
/** So that the processes of a deployment do not ask all at once. */
const JITTER_PERCENT = 10;
/** Breaches that wait for the journal; what comes later than these says nothing new. */
const UNRECORDED_MAX = 100;

/**
 * Asks for what must be refused: at once, then again and again, one question at a time. A breach is for the life of the
 * process: that a later probe is refused does not tell what happened in between, nor that it will not happen again.
 */
export class NegativeProber {
  readonly #stopping = new AbortController();
  readonly #runs;
  readonly #records: readonly ProbeRecord[];
  readonly #unrecorded: ProbeBreach[] = [];
  #going: Promise<void> | undefined;

  constructor(private readonly parts: NegativeProberParts) {
    this.#records = parts.probes.map((probe) => new ProbeRecord(probe));
    this.#runs = parts.metrics.counter(
      'probe_runs_total',
      'Requests of the negative prober, by what came of them',
      ['probe', 'outcome'],
    );
  }

  /** Once the listener answers. */
  start(): void {
    this.#going ??= this.#go(this.#stopping.signal);
  }

  /** Resolves when nothing is under way any more. What is asked for is let go of. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#going;
  }

  /**
   * For the health check: undefined while everything that was asked for was refused; a text while that is not known.
   * @throws ProbeBreached from the first breach on
   */
  readiness(): string | undefined {
    const breach = this.#records.find(({ breached }) => breached !== undefined)?.breached;
    if (breach !== undefined) {
      throw new ProbeBreached(`permitted what must be refused: ${breach.permitted}`);
    }
    return this.#records.map((record) => record.doubt()).find((doubt) => doubt !== undefined);
  }

  async #go(stopping: AbortSignal): Promise<void> {
    while (!stopping.aborted) {
      for (const record of this.#records) await this.#round(record, stopping);
      await this.#flush();
      await pause(this.#waitMs(), undefined, { signal: stopping, ref: false }).catch(
        () => undefined,
      );
    }
  }

  async #round(record: ProbeRecord, stopping: AbortSignal): Promise<void> {
    for (const item of record.next(PROBED_A_ROUND_MAX)) {
      if (stopping.aborted) return;
      const answer = await this.#ask(record, item, stopping);
      // A question that the end of the process cut off says nothing; a breach counts whenever it is seen.
      if (answer.outcome !== 'breached' && isAborted(stopping)) return;
      this.#runs.inc({ probe: record.probe.name, outcome: answer.outcome });
      record.note(item, answer);
      if (answer.outcome === 'breached') await this.#breached(record.probe, answer);
    }
  }

  async #ask(record: ProbeRecord, item: string, stopping: AbortSignal): Promise<ProbeAnswer> {
    const { deadlineMs = DEADLINE_MS } = this.parts;
    const late = { outcome: 'unreachable', reason: `no answer within ${deadlineMs} ms` } as const;
    const deadline = AbortSignal.timeout(deadlineMs);
    // Noted even while the answer is still waited for: a probe that hangs must not leave an older answer standing.
    const noteLate = (): void => {
      record.note(item, late);
    };
    deadline.addEventListener('abort', noteLate);
    try {
      return await record.probe.ask(item, AbortSignal.any([deadline, stopping]));
    } catch (error) {
      return deadline.aborted ? late : { outcome: 'unreachable', reason: reasonOf(error) };
    } finally {
      deadline.removeEventListener('abort', noteLate);
    }
  }

  async #breached(
    { door }: Probe,
    { permitted, detail }: Extract<ProbeAnswer, { outcome: 'breached' }>,
  ): Promise<void> {
    const breach = { door, permitted, detail };
    this.parts.onBreach(breach);
    if (this.#unrecorded.length < UNRECORDED_MAX) this.#unrecorded.push(breach);
    await this.#flush();
  }

  async #flush(): Promise<void> {
    try {
      for (let [first] = this.#unrecorded; first !== undefined; [first] = this.#unrecorded) {
        await this.parts.record(first);
        this.#unrecorded.shift();
      }
    } catch (error) {
      this.parts.onFault(error);
    }
  }

  #waitMs(): number {
    const everyMs = this.parts.everySeconds * 1000;
    const jitterMs = Math.ceil((everyMs * JITTER_PERCENT) / 100);
    return everyMs - jitterMs + randomInt(2 * jitterMs + 1);
  }
}

/** Asked anew: what it was before an `await` says nothing. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : 'it could not be asked';
