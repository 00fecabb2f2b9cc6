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
  /** Id of the namespace of the secret store in which that path is; absent: the root namespace. */
  readonly namespace?: string;
  readonly ttlSecondsMax: number;
  readonly ageSecondsMax: number;
}

/** When a rotation begins by itself. */
export interface RotationSchedule {
  /** Five fields, as crontab(5) has them. */
  readonly cron: string;
  /** IANA name, such as Europe/Berlin. */
  readonly timezone: string;
  /** For so long after its time it may still begin. */
  readonly windowMs: number;
}

/** How the credential of one resource is rotated, as registered. */
export interface RotationTerms {
  readonly resource: string;
  readonly ref: SecretRef;
  readonly kind: RotationKind;
  /** Names of the fields of the secret that hold the account and what is changed. */
  readonly fields: { readonly username: string | undefined; readonly password: string };
  readonly password: PasswordPolicy;
  readonly allowance: LoginAllowance;
  readonly schedule: RotationSchedule | undefined;
  /** Undefined: no wrapping tokens are taken for it. */
  readonly wrapped: WrapExpectation | undefined;
  /** Approvals of others that a rotation needs that is asked for outside of the window, or because of a compromise. */
  readonly breakGlassApprovals: number;
  /** From the request until it is given up, as long as it can be given up. */
  readonly deadlineMs: number;
  /** With two slots: for so long after the change of version refusals are watched, and the way back is open. */
  readonly observeMs: number;
  /** After this, calls that still use the old version are cut. */
  readonly drainMs: number;
  /** The old version stays in the store for so long; with trigger `compromise` not at all. */
  readonly keepMs: number;
}

/** The terms, with what carries them out. */
export interface RotationPlan extends RotationTerms {
  /** Undefined with kind `external`. */
  readonly changer: CredentialChanger | undefined;
  readonly probe: CredentialProbe;
}

/** Most that calls are held back for until nothing is unanswered; then they go on, and it is tried again. */
export const QUIESCE_MS_MAX = 2_000;
/** Most that a call waits while it is not sure which value works. */
export const HOLD_MS_MAX = 10_000;
