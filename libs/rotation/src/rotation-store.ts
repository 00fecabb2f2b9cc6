import { type ManagedCredential, type SecretRef } from '#credentials';
import { type PosternEvent, type RotationState } from '#events';
import { PosternError } from '#kernel';
import { type Rotation } from './rotation.js';

/** Another rotator has it by now: nothing was written. */
export class RotationLeaseLost extends PosternError {
  override readonly code = 'rotation-lease-lost';
}

/** A rotation that this process alone may take further, as long as `fence` is the one in the store. */
export interface LeasedRotation {
  readonly rotation: Rotation;
  readonly owner: string;
  readonly fence: number;
}

/** What a transition changes of the credential; what is absent stays. `serial` goes up by itself. */
export interface CredentialChange {
  readonly currentVersion?: number;
  /** `null`: none any more. */
  readonly fallbackVersion?: number | null;
  readonly retiredVersion?: number;
  readonly gate?: ManagedCredential['gate'];
  readonly state?: ManagedCredential['state'];
  /** This version is destroyed in the store when its time has come. */
  readonly destroyLater?: { readonly version: number; readonly at: Date };
}

/** One transition, with everything that belongs to it: together or not at all. */
export interface RotationStep {
  /** As it is to be. Its state is one that may follow the stored one. */
  readonly next: Rotation;
  /** `epoch` goes up when `currentVersion` is there. */
  readonly credential?: CredentialChange;
  /**
   * Commit only when every live instance reports that it holds calls back, by the row as it is, and has none unanswered.
   */
  readonly onlyWhenQuiet?: boolean;
  readonly events: readonly PosternEvent[];
}

export interface RotationFilter {
  readonly id?: string;
  readonly resource?: string;
  readonly states?: readonly RotationState[];
  /** Those older than the one of this id. */
  readonly before?: string;
  /** 1 to 500. */
  readonly limit: number;
}

/** Where rotations live. At most one of a credential has not ended. May be called at once by many processes. */
export abstract class RotationStore {
  /**
   * Newly asked for. Nothing was written with `active`: another one of this credential has not ended; and with `repeated`:
   * there is, or was, one of the same occurrence. @throws DependencyUnavailable
   */
  abstract request(
    rotation: Rotation,
    events: readonly PosternEvent[],
  ): Promise<'requested' | 'active' | 'repeated'>;

  /**
   * Leases one that is due, not at rest and leased to nobody (nor to the same owner), the one due for the longest first;
   * undefined: none. Every lease has a fence of its own. @throws DependencyUnavailable
   */
  abstract lease(owner: string, leaseMs: number): Promise<LeasedRotation | undefined>;

  /** With 0 it is given up. False: it is lost. @throws DependencyUnavailable */
  abstract renew(lease: LeasedRotation, leaseMs: number): Promise<boolean>;

  /**
   * `not_quiet`: it was asked for `onlyWhenQuiet`, and nothing was written. The lease ends with a step that is at rest or
   * not due yet. Without a row of the credential a change of it makes one when it says `currentVersion`, else none.
   * @throws RotationLeaseLost, DependencyUnavailable; TypeError for a transition that is not legal
   */
  abstract commit(lease: LeasedRotation, step: RotationStep): Promise<'committed' | 'not_quiet'>;

  /** The newest first. @throws DependencyUnavailable */
  abstract list(filter: RotationFilter): Promise<readonly Rotation[]>;

  /**
   * What an administrator decides: `decide` is given the stored rotation and its credential (undefined: it has no row), and
   * what it gives is committed under the locks of both, whoever has the lease, which ends. Undefined: there is no such rotation. @throws what `decide` throws; DependencyUnavailable
   */
  abstract intervene(
    id: string,
    decide: (rotation: Rotation, credential: ManagedCredential | undefined) => RotationStep,
  ): Promise<Rotation | undefined>;
}

/** How one live instance of the proxy uses a credential. */
export interface InstanceUse {
  readonly instanceId: string;
  /** `serial` of the row that it acts by; 0: it does not know of it yet. */
  readonly serial: number;
  readonly holding: boolean;
  readonly uses: readonly { version: number; open: number; unanswered: number; recent: number }[];
}

/** What is known of refused calls with one version. */
export interface RefusalTally {
  /** Distinct calls in the last 60 seconds. */
  readonly refused: number;
  /** Those of them that the fallback version got through. */
  readonly fallbackWorked: number;
}

/** The credentials that are rotated, as the rotators see them. May be called at once by many processes. */
export abstract class CredentialBook {
  /** Takes one in hand with its first version; without effect when it is there already. @throws DependencyUnavailable */
  abstract adopt(
    credential: { readonly ref: SecretRef; readonly resource: string; readonly version: number },
    events: readonly PosternEvent[],
  ): Promise<void>;

  /** @throws DependencyUnavailable */
  abstract find(ref: SecretRef): Promise<ManagedCredential | undefined>;

  /** Of all instances that are not gone. @throws DependencyUnavailable */
  abstract instances(ref: SecretRef): Promise<readonly InstanceUse[]>;

  /** @throws DependencyUnavailable */
  abstract refusals(ref: SecretRef, version: number): Promise<RefusalTally>;

  /**
   * Takes one credential whose breaker is open, or whose refusals ask for it, and that is due to be tried; whoever takes it
   * alone tries it. It is due again, unless settled, after 30 s, 1, 2, 5 and then every 15 minutes. Undefined: none is
   * due. @throws DependencyUnavailable
   */
  abstract takeDueBreaker(): Promise<DueBreaker | undefined>;

  /**
   * It works: the breaker closes, and refusals of this version open it no more for 15 minutes. The events are written when
   * it was open; without effect when another version is the current one. @throws DependencyUnavailable
   */
  abstract closeBreaker(
    ref: SecretRef,
    version: number,
    events: readonly PosternEvent[],
  ): Promise<void>;
}

/** A credential that is to be tried once. */
export interface DueBreaker {
  readonly ref: SecretRef;
  readonly resource: string;
  readonly version: number;
  /** Calls are refused until it works. */
  readonly isOpen: boolean;
}

/** Versions that are to be destroyed later, and wrapping tokens that were seen. */
export abstract class RotationUpkeep {
  /** Those whose time has come, at most `limit`. @throws DependencyUnavailable */
  abstract dueVersions(limit: number): Promise<readonly { ref: SecretRef; version: number }[]>;

  /** It is destroyed. @throws DependencyUnavailable */
  abstract destroyed(ref: SecretRef, version: number): Promise<void>;

  /** Whether this rotation is the first that was given this token; the same answer for the same rotation. @throws DependencyUnavailable */
  abstract firstSeen(fingerprint: string, rotationId: string): Promise<boolean>;

  /** Forgets instances that are long gone, refusals and ended rotations of more than a year ago. @throws DependencyUnavailable */
  abstract purge(): Promise<void>;
}
