import { type wrapVerdicts } from '#events';
import { type WrapExpectation } from './rotation-plan.js';
import { type WrapIntake } from './rotation.js';
import { type WrapLookup } from './wrapping-tokens.js';

export type WrapVerdict =
  | { readonly event: 'verified'; readonly verdict: (typeof wrapVerdicts)['verified'][number] }
  | { readonly event: 'suspect'; readonly verdict: (typeof wrapVerdicts)['suspect'][number] }
  | { readonly event: 'lost'; readonly verdict: (typeof wrapVerdicts)['lost'][number] };

/** What is known of a wrapping token before it is used up. */
export interface WrapFacts {
  /** Undefined: the store does not know it. */
  readonly lookup: WrapLookup | undefined;
  readonly told: WrapIntake['told'];
  readonly expected: WrapExpectation;
  /** No other rotation was ever given it. */
  readonly isFirst: boolean;
  readonly requestedAt: Date;
  readonly now: Date;
}

/** A re-wrapped token has a path of the wrapping machinery, or keeps the path and is younger than was told. */
const REWRAPPED_PATHS = ['cubbyhole', 'sys/wrapping/'] as const;
/** Between what the command line saw and what the store tells: fractions of a second are cut off. */
const TOLD_MS_MAX = 2_000;

/**
 * Whether a wrapping token may be used up. Vault's documentation on response wrapping says what to look at: the path must
 * be exactly the expected one, since a token with the attacker's value would have another. It is relative to a namespace,
 * in which another may have mounts of any name, so that must be the expected one too.
 */
export function wrapVerdict(facts: WrapFacts): WrapVerdict {
  const { lookup, expected, now } = facts;
  if (!facts.isFirst) return suspect('seen_before');
  if (lookup === undefined) return unknownVerdict(facts);
  const { creationPath, createdAt, ttlSeconds } = lookup;
  if (REWRAPPED_PATHS.some((prefix) => creationPath.startsWith(prefix)))
    return suspect('rewrapped');
  if (creationPath !== expected.creationPath || lookup.namespace !== expected.namespace) {
    return suspect('wrong_path');
  }
  if (isYounger(lookup, facts.told)) return suspect('rewrapped');
  if (ageSeconds(createdAt, now) > expected.ageSecondsMax) return suspect('too_old');
  if (ttlSeconds > expected.ttlSecondsMax) return suspect('ttl_too_long');
  return { event: 'verified', verdict: 'genuine' };
}

const suspect = (
  verdict: (typeof wrapVerdicts)['suspect'][number],
): WrapVerdict & { event: 'suspect' } => ({ event: 'suspect', verdict });

/**
 * The store does not know it: its time is over, or somebody else was faster. Only what was told can say that the time is
 * over; where nothing was told, the longest that a genuine one may have lived.
 */
function unknownVerdict({ told, expected, requestedAt, now }: WrapFacts): WrapVerdict {
  const endsAtMs =
    told === undefined
      ? requestedAt.getTime() + expected.ttlSecondsMax * 1000
      : told.createdAt.getTime() + told.ttlSeconds * 1000;
  return endsAtMs <= now.getTime()
    ? { event: 'lost', verdict: 'expired' }
    : suspect('already_unwrapped');
}

const isYounger = ({ createdAt }: WrapLookup, told: WrapIntake['told']): boolean =>
  told !== undefined && createdAt.getTime() - told.createdAt.getTime() > TOLD_MS_MAX;

const ageSeconds = (createdAt: Date, now: Date): number =>
  (now.getTime() - createdAt.getTime()) / 1000;
