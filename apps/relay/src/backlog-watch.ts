import { type OutboxBacklog } from '#events';

export interface BacklogWatchParts {
  readonly backlog: () => Promise<OutboxBacklog>;
  /** Hears what was found. */
  readonly onBacklog: (backlog: OutboxBacklog) => void;
  /** Gets a line for the log: something is late. */
  readonly onProblem: (message: string) => void;
  /** Gets a line for the log that somebody should be woken for. */
  readonly onAlarm: (message: string) => void;
}

/** An event that waits longer than this is a problem that somebody should hear of. */
export const BACKLOG_AGE_WARN_SECONDS = 60;
/** And after this somebody should get up. */
export const BACKLOG_AGE_ALARM_SECONDS = 600;
/** A warning is said again so often as long as it holds. */
const SAY_AGAIN_LOOKS = 6;

/** Looks at what waits, beside the loop: during an outage, when nothing gets through, it matters most. */
export class BacklogWatch {
  #last: OutboxBacklog | undefined;
  #lateLooks = 0;

  constructor(private readonly parts: BacklogWatchParts) {}

  /** What waited at the last look; undefined before the first. */
  get last(): OutboxBacklog | undefined {
    return this.#last;
  }

  /** What is late; undefined while nothing is. */
  get note(): string | undefined {
    const { records, oldestAgeSeconds } = this.#last ?? { records: 0, oldestAgeSeconds: 0 };
    if (oldestAgeSeconds <= BACKLOG_AGE_WARN_SECONDS) return undefined;
    return `outbox: ${records} events wait, the oldest for ${Math.round(oldestAgeSeconds)} s`;
  }

  /** Call it every ten seconds. @throws DependencyUnavailable */
  async look(): Promise<void> {
    const { backlog, onBacklog, onProblem, onAlarm } = this.parts;
    this.#last = await backlog();
    onBacklog(this.#last);
    const { note } = this;
    this.#lateLooks = note === undefined ? 0 : this.#lateLooks + 1;
    if (note === undefined || this.#lateLooks % SAY_AGAIN_LOOKS !== 1) return;
    if (this.#last.oldestAgeSeconds > BACKLOG_AGE_ALARM_SECONDS) onAlarm(note);
    else onProblem(note);
  }
}
