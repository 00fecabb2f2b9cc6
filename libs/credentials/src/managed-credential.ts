import { type SecretRef } from './secret-ref.js';

/**
 * Whether calls may begin. `quiescing`: they wait, because the value is about to change at the legacy system; nothing has
 * been changed yet. `held`: it may have changed, so that neither value is sure to work.
 */
export const gates = ['open', 'quiescing', 'held'] as const;
export type Gate = (typeof gates)[number];

export const credentialStates = ['active', 'rotating', 'breaker_open', 'out_of_sync'] as const;
export type CredentialState = (typeof credentialStates)[number];

/**
 * A credential that Postern rotates: which version calls use is said here, not by what is newest in the store. One a ref;
 * every change of it is a change of its row in PostgreSQL.
 */
export interface ManagedCredential {
  readonly ref: SecretRef;
  /** Id of the resource whose registration says how it is rotated. */
  readonly resource: string;
  /** What calls that begin use. */
  readonly currentVersion: number;
  /** What a call may try once after the current version was refused: still valid, just after a rotation. */
  readonly fallbackVersion: number | undefined;
  /** Calls under way with this version, or an older one, are cut. 0: none. */
  readonly retiredVersion: number;
  /** One more whenever another version becomes the current one. */
  readonly epoch: number;
  /** One more with every change of the row: the higher one is the newer. */
  readonly serial: number;
  readonly gate: Gate;
  readonly state: CredentialState;
}
