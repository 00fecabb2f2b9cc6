import { type SecretRef } from '#credentials';
import { type RotationState } from '#events';

/**
 * How many values the legacy system accepts at once: `single_slot` one, `dual_slot` two. `external`: Postern does not
 * change it there, an administrator does.
 */
export const rotationKinds = ['single_slot', 'dual_slot', 'external'] as const;
export type RotationKind = (typeof rotationKinds)[number];

/** Where the new value comes from: a wrapping token, our own generator, or a version that appeared in the store. */
export const rotationOrigins = ['wrapped', 'generated', 'vault'] as const;
export type RotationOrigin = (typeof rotationOrigins)[number];

export const rotationTriggers = [
  'schedule',
  'admin',
  'compromise',
  'detection',
  'vault_change',
] as const;
export type RotationTrigger = (typeof rotationTriggers)[number];

/** Whether a value authenticates at the legacy system. */
export type ProbeResult = 'ok' | 'fail' | 'unreachable';

export interface ProbeResults {
  readonly current: ProbeResult;
  readonly pending: ProbeResult;
}

/** A wrapping token that was handed over, and what is known of it. */
export interface WrapIntake {
  /** The token as a compact JWE to the intake key of the rotators; undefined once it was used up. */
  readonly sealedToken: string | undefined;
  /** Of the token, for events and to know it again. */
  readonly fingerprint: string;
  /** What the one who handed it over says of it; the store is asked in any case. */
  readonly told: { readonly createdAt: Date; readonly ttlSeconds: number } | undefined;
  /** Committed before the token is used up: a value that did not arrive after this is lost. */
  readonly unwrapStartedAt: Date | undefined;
}

/** One rotation of one credential. */
export interface Rotation {
  /** `rot_` and 22 characters base62. */
  readonly id: string;
  readonly ref: SecretRef;
  /** Id of the resource whose registration says how. */
  readonly resource: string;
  readonly kind: RotationKind;
  readonly origin: RotationOrigin;
  readonly trigger: RotationTrigger;
  readonly state: RotationState;
  readonly previousState: RotationState | undefined;
  /** When it came into this state; committing the state again leaves it. */
  readonly stateSince: Date;
  /** A UUID: marks what this rotation writes, there where it is written. */
  readonly token: string;
  /** What asked for it once and may not again, such as one time of a schedule; undefined: may be asked for any time. */
  readonly occurrence: string | undefined;
  /** The version that calls used when it began. */
  readonly fromVersion: number | undefined;
  /** The version that calls are to use; undefined as long as it has none. */
  readonly toVersion: number | undefined;
  /** Of changing the legacy system, from 1. */
  readonly attempt: number;
  /** Pending values so far, from 1: the third is not tried. The second one is staged as `<id>-2`. */
  readonly values: number;
  /** Times in a row that it had to wait in this state. */
  readonly waits: number;
  /** Not taken up before. */
  readonly dueAt: Date;
  /** When it is given up; undefined once nothing can be given up any more. */
  readonly deadlineAt: Date;
  readonly probe: ProbeResults | undefined;
  /** Class of the last failure; never its text. */
  readonly errorClass: string | undefined;
  /** Who asked for it: a subject or handle id. */
  readonly initiatorId: string | undefined;
  readonly reason: string | undefined;
  readonly wrap: WrapIntake | undefined;
  /** Approvals that it needs before it begins, and those it has: ids of operators, none of them the initiator. */
  readonly approvalsNeeded: number;
  readonly approvedBy: readonly string[];
  readonly correlationId: string;
  readonly requestedAt: Date;
  readonly endedAt: Date | undefined;
}
