import { type ManagedCredentials, refText } from '#credentials';
import { type Metrics, waitAtMost } from '#platform';

/** So often it is looked at what is due; reports are due less often. */
const TURN_EVERY_MS = 50;
/** Taking leave of the census may take that long; else it finds out by itself. */
const FAREWELL_MS_MAX = 2_000;
/** Calls are not begun by an older answer. */
const SILENT_MS = 2_000;

export interface CredentialTurnsParts {
  readonly managed: ManagedCredentials;
  readonly metrics: Metrics;
  readonly onProblem: (message: string, error: unknown) => void;
}

/** Makes the turns of the managed credentials while the process lives, and takes leave of the census at its end. */
export class CredentialTurns {
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: CredentialTurnsParts) {
    const { managed, metrics } = parts;
    metrics.gaugeOf(
      'credential_census_age_seconds',
      'Since the census was asked that calls with rotated credentials begin by; -1: never',
      () => (Number.isFinite(managed.ageMs) ? managed.ageMs / 1_000 : -1),
    );
    metrics.gaugeOf(
      'credential_calls_held',
      'Calls that wait for a rotation, or for the census',
      () => managed.waiting,
    );
  }

  start(): void {
    const { managed } = this.parts;
    managed.turn();
    this.#timer = setInterval(() => {
      managed.turn();
    }, TURN_EVERY_MS).unref();
  }

  /** After the last call. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    const farewell = this.parts.managed.leave().catch((error: unknown) => {
      this.parts.onProblem('the census was not told that this process ends', error);
    });
    await waitAtMost(FAREWELL_MS_MAX, farewell);
  }

  /**
   * For readiness: in what it is degraded, when credentials are managed.
   * @throws Error when calls with them are refused since the census is silent
   */
  readonly trouble = (): string | undefined => {
    const { ageMs, rows } = this.parts.managed;
    if (rows.length === 0) return undefined;
    if (ageMs > SILENT_MS) {
      throw new Error('the census of credentials is silent: calls with rotated ones are refused');
    }
    const troubled = rows.flatMap(({ ref, row }) => {
      if (row === undefined) return [`${refText(ref)} is not in the census yet`];
      if (row.state === 'breaker_open' || row.state === 'out_of_sync') {
        return [`${refText(ref)} is ${row.state}`];
      }
      return row.gate === 'held' ? [`calls with ${refText(ref)} are held`] : [];
    });
    return troubled.length === 0 ? undefined : troubled.join('; ');
  };
}
