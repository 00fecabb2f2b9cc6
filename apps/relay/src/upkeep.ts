import { setTimeout as pause } from 'node:timers/promises';

const EVERY_MS = 3_600_000;

/** Does a piece of housekeeping now and every hour. What fails is told, and tried again an hour later. */
export class Upkeep {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(
    private readonly work: () => Promise<void>,
    private readonly onProblem: (message: string) => void,
  ) {}

  start(): void {
    this.running ??= this.loop();
  }

  /** Resolves when the work that runs has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  private async loop(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.work().catch((error: unknown) => {
        this.onProblem(`upkeep: ${error instanceof Error ? error.message : 'unknown failure'}`);
      });
      await pause(EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
