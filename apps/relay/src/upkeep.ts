import { setTimeout as pause } from 'node:timers/promises';
import { waitAtMost } from '#platform';

/** A piece of housekeeping that is done at the start and from time to time. */
export interface Duty {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<unknown>;
}

/** What asks a server that does not answer is left behind: all of it can be cut off anywhere, and done again. */
const STOP_WAIT_MS = 5_000;

/** Does its duties, each at its own pace and beside the others. What fails is told, and tried again at the next turn. */
export class Upkeep {
  private readonly stopping = new AbortController();
  private running: Promise<unknown> | undefined;

  constructor(
    private readonly duties: readonly Duty[],
    private readonly onProblem: (message: string) => void,
  ) {}

  start(): void {
    this.running ??= Promise.all(this.duties.map((duty) => this.loop(duty)));
  }

  /** Resolves when the work that runs has ended, or after five seconds. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await waitAtMost(STOP_WAIT_MS, this.running);
  }

  private async loop({ name, everyMs, work }: Duty): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await work().catch((error: unknown) => {
        this.onProblem(`${name}: ${error instanceof Error ? error.message : 'unknown failure'}`);
      });
      await pause(everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
