import { type InstanceUse, type RefusalTally } from './rotation-store.js';

const CALLS_TO_ROLL_BACK = 3;
const SHARE_TO_ROLL_BACK = 0.2;

/**
 * Whether the new version does calls harm that the old one does not: three calls, or one in five of the last minute, were
 * refused with the new one and accepted with the old.
 */
export function mustRollBack(tally: RefusalTally, recentCalls: number): boolean {
  const { fallbackWorked } = tally;
  if (fallbackWorked >= CALLS_TO_ROLL_BACK) return true;
  return fallbackWorked > 0 && fallbackWorked >= recentCalls * SHARE_TO_ROLL_BACK;
}

/** Calls with that version which began in the last minute, over all instances. */
export const recentCalls = (uses: readonly InstanceUse[], version: number): number =>
  uses
    .flatMap((instance) => instance.uses)
    .filter((use) => use.version === version)
    .reduce((sum, { recent }) => sum + recent, 0);
