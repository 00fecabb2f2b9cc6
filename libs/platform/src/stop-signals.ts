import { EXIT } from './exit-code.js';
import { type Logger } from './logger.js';

/** Requests in flight may take this long to end. */
const SHUTDOWN_MS = 15_000;
/** And everything together no longer than this: then the process ends as it is. */
const GRACE_MS = 5_000;
/** One Ctrl-C, or one stop of a process group, may reach us twice: from the terminal and from whoever started us. */
const SAME_SIGNAL_MS = 1_000;
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

type Stop = (deadlineMs: number) => Promise<void>;

/**
 * SIGTERM, SIGINT and SIGHUP end the process in an orderly way, also when they come before it serves; a second one ends it
 * at once. Where `onHangUp` is given, SIGHUP calls that instead.
 */
export class StopSignals {
  #stop: Stop | undefined;
  #signal: NodeJS.Signals | undefined;
  #impatient = false;

  constructor(
    private readonly log: Logger,
    onHangUp?: () => void,
  ) {
    for (const signal of SIGNALS) {
      const hangUp = signal === 'SIGHUP' ? onHangUp : undefined;
      process.on(signal, hangUp ?? (() => this.#received(signal)));
    }
  }

  get stopping(): boolean {
    return this.#signal !== undefined;
  }

  /** What the orderly end is; it begins at once when a signal has come already. */
  stopBy(stop: Stop): void {
    this.#stop = stop;
    if (this.stopping) this.#end(stop);
  }

  #received(signal: NodeJS.Signals): void {
    if (this.#impatient) process.exit(EXIT.internal); // Whoever sends a second one does not want to wait.
    if (this.stopping) return;
    this.#signal = signal;
    setTimeout(() => {
      this.#impatient = true;
    }, SAME_SIGNAL_MS).unref();
    this.log.info({ signal }, 'stopping');
    setTimeout(() => {
      this.log.error('the orderly end took too long');
      process.exit(EXIT.internal);
    }, SHUTDOWN_MS + GRACE_MS).unref();
    if (this.#stop !== undefined) this.#end(this.#stop);
  }

  #end(stop: Stop): void {
    stop(SHUTDOWN_MS).then(
      () => process.exit(0),
      (error: unknown) => {
        this.log.error({ err: error }, 'the orderly end failed');
        process.exit(EXIT.internal);
      },
    );
  }
}
