import { errorOf } from './error-class.js';
import { type RejectionVerdict } from './event-bus.js';

/**
 * What became of a record that was given to its handler. `failed`: nobody says what becomes of it, so that it ends the
 * subscription.
 */
export type RecordOutcome =
  | { readonly kind: 'handled' | 'passed' }
  | { readonly kind: 'blocked' | 'failed'; readonly error: Error };

/** Gives a record to its handler and, when that rejects, asks for the verdict. Never rejects. */
export async function outcomeOf(
  handle: () => Promise<void>,
  verdictOf: ((error: Error) => Promise<RejectionVerdict>) | undefined,
): Promise<RecordOutcome> {
  const error = await rejectionOf(handle);
  if (error === undefined) return { kind: 'handled' };
  if (verdictOf === undefined) return { kind: 'failed', error };
  const verdict = await verdictOf(error).catch(() => 'blocked' as const);
  return verdict === 'passed' ? { kind: 'passed' } : { kind: 'blocked', error };
}

/** What the work rejected with; undefined when it resolved. */
export async function rejectionOf(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return errorOf(error);
  }
}
