import { type SecretRef } from '#credentials';
import { type CredentialChanger } from './credential-changer.js';
import { type CredentialProbe } from './credential-probe.js';
import { type LoginAllowance } from './login-budget.js';
import { type PasswordPolicy } from './password-policy.js';
import { type RotationKind } from './rotation.js';

/** What a wrapping token must be to be taken. */
export interface WrapExpectation {
  /** Exactly, such as `secret/data/intake/ledger`. */
  readonly creationPath: string;
  readonly ttlSecondsMax: number;
  readonly ageSecondsMax: number;
}

/** How the credential of one resource is rotated: what is registered, with what does it. */
export interface RotationPlan {
  readonly resource: string;
  readonly ref: SecretRef;
  readonly kind: RotationKind;
  /** Undefined with kind `external`. */
  readonly changer: CredentialChanger | undefined;
  readonly probe: CredentialProbe;
  readonly password: PasswordPolicy;
  readonly allowance: LoginAllowance;
  /** Undefined: no wrapping tokens are taken for it. */
  readonly wrapped: WrapExpectation | undefined;
  /** From the request until it is given up, as long as it can be given up. */
  readonly deadlineMs: number;
  /** With two slots: for so long after the change of version refusals are watched, and the way back is open. */
  readonly observeMs: number;
  /** After this, calls that still use the old version are cut. */
  readonly drainMs: number;
  /** The old version stays in the store for so long; 0 when it is compromised. */
  readonly keepMs: number;
  /** Most that calls are held back for, until nothing is unanswered; then they go on, and it is tried again. */
  readonly quiesceMs: number;
}
