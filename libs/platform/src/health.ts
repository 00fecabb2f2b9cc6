import { masked } from './masked.js';

/**
 * One thing that must work for the process to serve: rejects with the reason when it does not, resolves to a text when it
 * works, but not as it should.
 */
export type HealthCheck = () => Promise<unknown> | string | undefined;

export interface CheckResult {
  readonly name: string;
  readonly ok: boolean;
  /** Why it is not ok; or, beside `ok: true`, in what it is degraded. */
  readonly reason?: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly degraded: boolean;
  readonly checks: readonly CheckResult[];
}

const CHECK_TIMEOUT_MS = 3_000;
const REASON_CHARACTERS_MAX = 300;

/** What the process depends on, each with its check. Not ready until it says so, and no more once it stops. */
export class HealthRegistry {
  readonly #checks = new Map<string, HealthCheck>();
  readonly #lifeChecks = new Map<string, HealthCheck>();
  #phase: 'starting' | 'serving' | 'stopping' = 'starting';

  /** @throws Error when the name is taken: one check must not hide another */
  add(name: string, check: HealthCheck): void {
    if (this.#checks.has(name)) throw new Error(`there is a health check "${name}" already`);
    this.#checks.set(name, check);
  }

  /**
   * Adds what is asked for liveness: it rejects when the process stands still, and only another start would help. Not
   * for a dependency that is gone. @throws Error when the name is taken
   */
  addLife(name: string, check: HealthCheck): void {
    if (this.#lifeChecks.has(name)) throw new Error(`there is a life check "${name}" already`);
    this.#lifeChecks.set(name, check);
  }

  /** What stands still, with the reason; none when the process is alive. Never rejects. */
  async standstills(): Promise<readonly CheckResult[]> {
    const checks = [...this.#lifeChecks].map(([name, check]) => run(name, check));
    return (await Promise.all(checks)).filter(({ ok }) => !ok);
  }

  enter(phase: 'serving' | 'stopping'): void {
    this.#phase = phase;
  }

  /** Asks all checks at once, each for at most 3 s. Never rejects. */
  async readiness(): Promise<Readiness> {
    if (this.#phase !== 'serving') {
      return {
        ready: false,
        degraded: true,
        checks: [{ name: 'process', ok: false, reason: this.#phase }],
      };
    }
    const checks = await Promise.all([...this.#checks].map(([name, check]) => run(name, check)));
    return {
      ready: checks.every(({ ok }) => ok),
      degraded: checks.some(({ reason }) => reason !== undefined),
      checks,
    };
  }
}

async function run(name: string, check: HealthCheck): Promise<CheckResult> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`));
    }, CHECK_TIMEOUT_MS);
  });
  return Promise.race([Promise.resolve().then(check), late])
    .then(
      (note) => ({ name, ok: true, ...(typeof note === 'string' ? { reason: terse(note) } : {}) }),
      (error: unknown) => ({
        name,
        ok: false,
        reason: terse(error instanceof Error ? error.message : 'unknown'),
      }),
    )
    .finally(() => {
      clearTimeout(timer);
    });
}

const terse = (reason: string): string =>
  masked(reason.split('\n', 1)[0] ?? '').slice(0, REASON_CHARACTERS_MAX);
