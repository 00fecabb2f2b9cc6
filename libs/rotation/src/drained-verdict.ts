import { type ManagedCredential } from '#credentials';
import { type InstanceUse } from './rotation-store.js';

/**
 * Whether no call uses another version than the current one, and none will begin to: every live instance acts by the row
 * as it is. `only`: asked of that version alone.
 */
export const isDrained = (
  credential: ManagedCredential,
  instances: readonly InstanceUse[],
  only?: number,
): boolean =>
  instances.every(
    ({ serial, uses }) =>
      serial >= credential.serial &&
      uses
        .filter(({ version }) =>
          only === undefined ? version !== credential.currentVersion : version === only,
        )
        .every(({ open }) => open === 0),
  );
