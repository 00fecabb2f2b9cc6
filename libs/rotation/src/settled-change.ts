import { type ManagedCredential } from '#credentials';
import { type RotationState } from '#events';
import { type CredentialChange } from './rotation-store.js';
import { isAtRest } from './transitions.js';

/**
 * What a transition changes of the credential, given how it stands: a step says what it wants, this what that comes to.
 * No rotation that rests leaves calls held back. Where it is not sure that the current value works, no call may try it:
 * the breaker is open, the rotators try it, and close it when it works. Undefined: nothing changes.
 */
export function settledChange(
  credential: ManagedCredential,
  to: RotationState,
  wanted: CredentialChange = {},
): CredentialChange | undefined {
  const gate = settledGate(credential, to, wanted);
  const state = settledState(credential, to, wanted);
  const { currentVersion, fallbackVersion, retiredVersion, destroyLater } = wanted;
  const change: CredentialChange = {
    ...(currentVersion === undefined ? {} : { currentVersion }),
    ...(fallbackVersion === undefined ? {} : { fallbackVersion }),
    ...(retiredVersion === undefined ? {} : { retiredVersion }),
    ...(destroyLater === undefined ? {} : { destroyLater }),
    ...(gate === credential.gate ? {} : { gate }),
    ...(state === credential.state ? {} : { state }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

const settledGate = (
  { gate }: ManagedCredential,
  to: RotationState,
  wanted: CredentialChange,
): ManagedCredential['gate'] => (isAtRest(to) ? 'open' : (wanted.gate ?? gate));

function settledState(
  { state, gate }: ManagedCredential,
  to: RotationState,
  wanted: CredentialChange,
): ManagedCredential['state'] {
  // Another version: what was said of the one before counts no more.
  if (wanted.currentVersion !== undefined) return wanted.state ?? 'active';
  if (wanted.state === 'breaker_open') return 'breaker_open';
  if (to === 'manual_required' && gate === 'held') return 'breaker_open';
  // What refusals, or the watch, have said of the credential is not ours to take back.
  if (state !== 'active' && state !== 'rotating') return state;
  return isAtRest(to) ? 'active' : (wanted.state ?? state);
}
