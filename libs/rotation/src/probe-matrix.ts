import { type ProbeResults } from './rotation.js';

/** Of changing the legacy system with one value. */
export const ATTEMPTS_MAX = 3;
/** The third pending value is not tried. */
export const VALUES_MAX = 2;
/** A legacy system that takes both of its one value may be about to forget the old one. */
export const PROPAGATION_MS = 1_000;

/** What is known when it is asked what to do. */
export interface RecoveryFacts {
  readonly kind: 'single_slot' | 'dual_slot';
  readonly probe: ProbeResults;
  readonly attempt: number;
  readonly values: number;
  /** The pending value authenticated, and a check that calls need failed. */
  readonly verifyFailed: boolean;
  /** The value is ours to choose: another one can be made. */
  readonly isGenerated: boolean;
}

export type RecoveryVerdict =
  | { readonly kind: 'wait' }
  | { readonly kind: 'apply_again' }
  | { readonly kind: 'new_value' }
  | { readonly kind: 'abandon'; readonly pendingIsValid: boolean }
  | { readonly kind: 'verify'; readonly afterMs: number }
  | { readonly kind: 'promote'; readonly drainViolated: boolean }
  | { readonly kind: 'out_of_sync' }
  | { readonly kind: 'ask_somebody' };

/** What a rotation that lost its way has to do, by what the legacy system takes: the table of docs/rotation.md. */
export function recoveryVerdict(facts: RecoveryFacts): RecoveryVerdict {
  const { current, pending } = facts.probe;
  if (current === 'unreachable' || pending === 'unreachable') return { kind: 'wait' };
  if (current === 'fail') {
    return pending === 'fail' ? { kind: 'out_of_sync' } : onlyPending(facts);
  }
  return pending === 'fail' ? onlyCurrent(facts) : both(facts);
}

/** It happened. Where a check fails as well, calls are no better off with a value that is not valid any more. */
const onlyPending = ({ kind, verifyFailed }: RecoveryFacts): RecoveryVerdict =>
  kind === 'dual_slot' || verifyFailed
    ? { kind: 'promote', drainViolated: kind === 'dual_slot' }
    : { kind: 'verify', afterMs: 0 };

/** It did not happen. The same value is not tried for ever. */
function onlyCurrent({ attempt, values, isGenerated }: RecoveryFacts): RecoveryVerdict {
  if (attempt < ATTEMPTS_MAX) return { kind: 'apply_again' };
  if (isGenerated && values < VALUES_MAX) return { kind: 'new_value' };
  return { kind: 'abandon', pendingIsValid: false };
}

function both({ kind, verifyFailed, attempt }: RecoveryFacts): RecoveryVerdict {
  if (!verifyFailed) return { kind: 'verify', afterMs: kind === 'dual_slot' ? 0 : PROPAGATION_MS };
  if (attempt < ATTEMPTS_MAX) return { kind: 'verify', afterMs: PROPAGATION_MS };
  return kind === 'dual_slot'
    ? { kind: 'abandon', pendingIsValid: true }
    : { kind: 'ask_somebody' };
}
