import { type Stop } from './rotation-trial.js';

const BACK = { state: 'rolled_back', version: 3 } as const;

/** States next to those that are tried each time. */
const NEIGHBOURS: readonly Stop[] = [
  { kind: 'dual_slot', state: 'applied', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'verified', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'draining', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'applying', givenUp: 'abandoned' },
  { kind: 'single_slot', state: 'resumed', givenUp: 'done' },
  { kind: 'external', state: 'requested', givenUp: 'abandoned' },
  { kind: 'external', state: 'verifying', givenUp: 'abandoned' },
];

/** Each state in which the secret store is asked, or that comes before one; in the short run those that differ most. */
export const STOPS: readonly Stop[] = [
  { kind: 'dual_slot', state: 'requested', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'intake', way: 'wrapped', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'staged', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'applying', givenUp: 'abandoned' },
  { kind: 'dual_slot', state: 'verifying', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'recovering', way: 'answer_lost', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'promoting', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'promoted', givenUp: 'manual_required' },
  { kind: 'dual_slot', state: 'retiring', givenUp: 'manual_required' },
  {
    ...{ kind: 'dual_slot', state: 'rolling_back', way: 'harmful' },
    ...{ givenUp: 'manual_required', ends: BACK },
  },
  { kind: 'single_slot', state: 'quiescing', givenUp: 'abandoned' },
  { kind: 'single_slot', state: 'verifying', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'recovering', way: 'answer_lost', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'out_of_sync', way: 'out_of_sync', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'reconciling', way: 'out_of_sync', givenUp: 'manual_required' },
  { kind: 'single_slot', state: 'promoting', givenUp: 'manual_required' },
  { kind: 'external', state: 'intake', way: 'wrapped', givenUp: 'abandoned' },
  { kind: 'external', state: 'promoting', givenUp: 'done' },
  ...(process.env['POSTERN_TEST_VOLUME'] === 'long' ? NEIGHBOURS : []),
];
