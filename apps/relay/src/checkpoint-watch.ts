import {
  type AnchoredLog,
  type AuditLog,
  AuditLogContradicted,
  type Checkpointer,
  LEAVES_MAX,
  type WaitingLeaves,
} from '#audit';

/** What it tells whoever measures it. */
export interface CheckpointFigures {
  waiting(waiting: WaitingLeaves): void;
  newest(checkpoint: { readonly size: number; readonly ageSeconds: number }): void;
  made(): void;
  anchored(size: number): void;
  failed(what: 'checkpoint' | 'anchor'): void;
}

export interface CheckpointWatchParts {
  readonly log: AuditLog;
  readonly checkpointer: Checkpointer;
  /** Absent: nothing is anchored. */
  readonly anchored?: AnchoredLog;
  readonly everySeconds: number;
  readonly figures: CheckpointFigures;
  /** Milliseconds of a clock that nobody sets; default: that of this process. */
  readonly nowMs?: () => number;
  readonly onProblem: (message: string) => void;
  /** Gets what somebody should be woken for. */
  readonly onAlarm: (message: string) => void;
}

/** An event that waited for so many times `every` says that the evidence has a gap at its end: D23. */
const LATE_AFTER_INTERVALS = 3;

/**
 * Makes checkpoints when their time has come, and carries them to the anchor. What fails is told once, and stays in the
 * note until it works again. May run in several relays at once.
 */
export class CheckpointWatch {
  #waiting: WaitingLeaves = { count: 0, oldestAgeSeconds: 0, lost: 0 };
  /** Since when events wait, by our own clock: that of the database can be set back. */
  #waitsSinceMs: number | undefined;
  /** The anchor was seen to say the same as the database, since this process began. */
  #hasAgreed = false;
  readonly #failures = new Map<'checkpoint' | 'anchor', string>();

  constructor(private readonly parts: CheckpointWatchParts) {}

  /** What is late or wrong; undefined while nothing is. */
  get note(): string | undefined {
    const { count, lost } = this.#waiting;
    const late = this.#waitedSeconds() > this.parts.everySeconds * LATE_AFTER_INTERVALS;
    const notes = [
      ...(late ? [`evidence: ${count} events wait for a checkpoint`] : []),
      ...(lost > 0
        ? [`evidence: ${lost} events were removed or exchanged before they were logged`]
        : []),
      ...this.#failures.values(),
    ];
    return notes.length === 0 ? undefined : notes.join('; ');
  }

  /** Call it more often than `every`. Never rejects. */
  async look(): Promise<void> {
    await this.#attempt('checkpoint', () => this.#makeDue());
    if (this.parts.anchored === undefined) return;
    await this.#attempt('anchor', () => this.#carry());
  }

  async #makeDue(): Promise<void> {
    const { checkpointer, log, figures } = this.parts;
    for (;;) {
      this.#waiting = await log.waiting();
      this.#waitsSinceMs =
        this.#waiting.count === 0 ? undefined : (this.#waitsSinceMs ?? this.#nowMs());
      figures.waiting(this.#waiting);
      if (!this.#isDue()) break;
      await this.#requireAgreement();
      if ((await checkpointer.advance()) === undefined) break;
      this.#waitsSinceMs = undefined;
      figures.made();
    }
    const newest = await log.checkpointUpTo(Number.MAX_SAFE_INTEGER);
    if (newest !== undefined) figures.newest(newest);
  }

  #isDue(): boolean {
    const { count } = this.#waiting;
    return count >= LEAVES_MAX || (count > 0 && this.#waitedSeconds() >= this.parts.everySeconds);
  }

  #waitedSeconds(): number {
    const ownMs = this.#waitsSinceMs === undefined ? 0 : this.#nowMs() - this.#waitsSinceMs;
    return Math.max(this.#waiting.oldestAgeSeconds, ownMs / 1000);
  }

  #nowMs(): number {
    return (this.parts.nowMs ?? ((): number => performance.now()))();
  }

  /**
   * A log that contradicts its anchor is not signed any further; an anchor that does not answer is its own trouble. But for
   * the first time: a process that has just begun knows nothing of the log but what the database says, and a second history
   * that is signed cannot be taken back.
   */
  async #requireAgreement(): Promise<void> {
    const { anchored, checkpointer } = this.parts;
    if (anchored === undefined) return;
    const identity = await checkpointer.identity();
    await anchored.requireAgreement(identity).catch((error: unknown) => {
      if (error instanceof AuditLogContradicted || !this.#hasAgreed) throw error;
    });
    this.#hasAgreed = true;
  }

  async #carry(): Promise<void> {
    const { anchored, checkpointer, figures } = this.parts;
    if (anchored === undefined) return;
    figures.anchored(await anchored.catchUp(await checkpointer.identity()));
  }

  async #attempt(what: 'checkpoint' | 'anchor', work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#failures.delete(what);
    } catch (error) {
      this.parts.figures.failed(what);
      this.#tell(what, error);
    }
  }

  #tell(what: 'checkpoint' | 'anchor', error: unknown): void {
    const message = `evidence: ${what}: ${error instanceof Error ? error.message : 'unknown failure'}`;
    if (this.#failures.get(what) === message) return;
    this.#failures.set(what, message);
    const { onAlarm, onProblem } = this.parts;
    (error instanceof AuditLogContradicted ? onAlarm : onProblem)(message);
  }
}
