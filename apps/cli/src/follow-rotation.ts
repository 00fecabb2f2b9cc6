import { setTimeout as pause } from 'node:timers/promises';
import { DependencyUnavailable } from '#kernel';
import { type AdminOptions, askAdmin } from './ask-admin.js';
import { rotationIn, type ToldRotation, waitsFor } from './rotation-answer.js';
import { shown } from './shown.js';

const ASK_EVERY_MS = 500;
/** An admin API that does not answer for longer is told of; the rotation goes on without it. */
const AWAY_MS_MAX = 60_000;

/** What is done about it is over, or is up to an administrator. */
const AT_REST: ReadonlySet<string> = new Set([
  'done',
  'abandoned',
  'rolled_back',
  'wrap_suspect',
  'wrap_lost',
  'manual_required',
]);

/** What the command ends with: 0 the new version is in use and the old one ended; 2 an administrator has to act; else 1. */
export function exitCodeOf({ state }: Pick<ToldRotation, 'state'>): number {
  if (state === 'done') return 0;
  return state === 'manual_required' ? 2 : 1;
}

const STATE_EVENT = /^dev\.postern\.(?:rotation|wrap)\.(?<what>[a-z_]+)\.v1$/;

export interface Following {
  readonly options: AdminOptions;
  /** Gets one line. */
  readonly print: (line: string) => void;
  readonly askEveryMs?: number;
}

/**
 * Prints each state as it comes, until the rotation rests.
 * @throws UsageError, PosternRefused; DependencyUnavailable when nobody answers for a minute
 */
export async function followRotation(
  id: string,
  { options, print, askEveryMs = ASK_EVERY_MS }: Following,
): Promise<ToldRotation> {
  const progress = new Progress(print);
  let answeredAtMs = performance.now();
  for (;;) {
    const told = await ask(id, options).catch((error: unknown) => {
      const awayMs = performance.now() - answeredAtMs;
      if (!(error instanceof DependencyUnavailable) || awayMs > AWAY_MS_MAX) throw error;
      return undefined;
    });
    if (told !== undefined) {
      answeredAtMs = performance.now();
      progress.show(told);
      if (AT_REST.has(told.state)) return told;
    }
    await pause(askEveryMs);
  }
}

const ask = async (id: string, options: AdminOptions): Promise<ToldRotation> =>
  rotationIn(await askAdmin(`/admin/v1/rotations/${encodeURIComponent(id)}`, options));

/** Prints what is new: states that went by between two looks too, as their events are there. */
class Progress {
  readonly #seen = new Set<unknown>();
  #waitsFor = 0;
  #failure: string | undefined;

  constructor(private readonly print: (line: string) => void) {}

  show(told: ToldRotation): void {
    for (const event of told.events) this.#showEvent(event);
    const failure = told.error_class ?? undefined;
    if (failure !== undefined && failure !== this.#failure) {
      this.print(shown(`  last failure: ${failure}`));
    }
    this.#failure = failure;
    this.#showApprovals(told);
  }

  #showEvent({ id, type, time, data }: Readonly<Record<string, unknown>>): void {
    if (this.#seen.has(id)) return;
    this.#seen.add(id);
    const what = STATE_EVENT.exec(String(type))?.groups?.['what'];
    if (what === undefined) return;
    const { verdict, action } = (data ?? {}) as { verdict?: unknown; action?: unknown };
    const more = [verdict, action].filter((one) => typeof one === 'string').join(' ');
    const isWrap = String(type).includes('.wrap.');
    this.print(shown(`${String(time)}  ${isWrap ? 'wrap ' : ''}${what} ${more}`.trimEnd()));
  }

  #showApprovals(told: ToldRotation): void {
    const missing = waitsFor(told);
    if (missing > 0 && missing !== this.#waitsFor) {
      this.print(
        shown(
          `  waits for ${missing} approvals of others until ${told.deadline_at}: postern rotations approve ${told.id}`,
        ),
      );
    }
    this.#waitsFor = missing;
  }
}
