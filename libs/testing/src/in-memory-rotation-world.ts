import { INSTANCE_GONE_MS, type InstanceReport, type ManagedCredential } from '#credentials';
import {
  type CredentialRefusal,
  type CredentialReport,
  type SecretRef,
  sameRef,
} from '#credentials';
import { type Clock, DependencyUnavailable } from '#kernel';
import { type CredentialChange, type InstanceUse, type Rotation } from '#rotation';
import { InMemoryEventJournal } from './in-memory-event-journal.js';

/** A rotation, and who has it. */
export interface StoredRotation {
  rotation: Rotation;
  owner: string | undefined;
  leaseUntilMs: number;
  fence: number;
}

/** When a credential is to be tried, and what its refusals may do. Milliseconds of the clock. */
export interface StoredBreaker {
  /** Undefined: nothing asks for a try. */
  dueAtMs: number | undefined;
  tries: number;
  /** Refusals ask for no try before. */
  askAfterMs: number;
  /** Until then refusals of the current version open nothing. */
  clearedUntilMs: number;
}

export interface StoredCredential {
  credential: ManagedCredential;
  breaker: StoredBreaker;
}

export interface StoredRefusal extends CredentialRefusal {
  readonly atMs: number;
}

export interface VersionToDestroy {
  readonly ref: SecretRef;
  readonly version: number;
  readonly at: Date;
}

export interface StoredLogin {
  readonly id: string;
  /** When it fails at the latest. */
  failsAtMs: number;
}

const NO_BREAKER: StoredBreaker = {
  dueAtMs: undefined,
  tries: 0,
  askAfterMs: 0,
  clearedUntilMs: 0,
};

/** What two refs do not share. */
export const refMark = ({ mount, path }: SecretRef): string => JSON.stringify([mount, path]);

/**
 * What the stores of rotations share in memory: one storage, one journal, one clock, one outage. Each write of a store
 * runs without a pause, so that of many at once one is the first.
 */
export class InMemoryRotationWorld {
  /** By id, the oldest first. */
  readonly rotations = new Map<string, StoredRotation>();
  readonly credentials = new Map<string, StoredCredential>();
  readonly instances = new Map<
    string,
    { readonly report: InstanceReport; readonly atMs: number }
  >();
  readonly logins = new Map<string, StoredLogin[]>();
  readonly wrapReceipts = new Map<string, string>();
  refusals: StoredRefusal[] = [];
  versionsToDestroy: VersionToDestroy[] = [];
  #reachable = true;

  constructor(
    readonly clock: Clock,
    readonly journal: InMemoryEventJournal = new InMemoryEventJournal(),
  ) {}

  get nowMs(): number {
    return this.clock.now().getTime();
  }

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  assertReachable(): void {
    if (!this.#reachable) {
      throw new DependencyUnavailable('rotations', 'the store of rotations is told to be away');
    }
  }

  find(ref: SecretRef): StoredCredential | undefined {
    return this.credentials.get(refMark(ref));
  }

  managed(): readonly ManagedCredential[] {
    return [...this.credentials.values()].map(({ credential }) => credential);
  }

  put(credential: ManagedCredential): void {
    this.credentials.set(refMark(credential.ref), { credential, breaker: { ...NO_BREAKER } });
  }

  /** How those that are not gone use it, by instance id. */
  usesOf(ref: SecretRef): readonly InstanceUse[] {
    const goneBefore = this.nowMs - INSTANCE_GONE_MS;
    return [...this.instances.values()]
      .filter(({ atMs }) => atMs >= goneBefore)
      .map(({ report }) => useOf(report, ref))
      .sort((one, other) => (one.instanceId < other.instanceId ? -1 : 1));
  }

  /** Every live instance acts by the row as it is, holds calls back and has none unanswered. */
  isQuiet(ref: SecretRef): boolean {
    const serial = this.find(ref)?.credential.serial;
    return (
      serial !== undefined &&
      this.usesOf(ref).every(
        (use) =>
          use.serial === serial &&
          use.holding &&
          use.uses.every(({ unanswered }) => unanswered === 0),
      )
    );
  }

  /** A rotation may bring a credential its first version; before that there is no row to change. */
  change(rotation: Rotation, change: CredentialChange): void {
    const { ref, resource } = rotation;
    const stored = this.find(ref);
    const { currentVersion, state, destroyLater } = change;
    if (destroyLater !== undefined) this.#destroyLater({ ref, ...destroyLater });
    if (stored !== undefined) {
      stored.credential = changed(stored.credential, change);
      if (state !== undefined) stored.breaker = { ...stored.breaker, dueAtMs: undefined, tries: 0 };
      if (currentVersion !== undefined) stored.breaker = { ...NO_BREAKER };
    } else if (currentVersion !== undefined) {
      this.put(changed(firstOf({ ref, resource, version: currentVersion }, 0), change));
    }
  }

  /** At the earlier one, when two times are given. */
  #destroyLater(later: VersionToDestroy): void {
    const isSame = (one: VersionToDestroy): boolean =>
      sameRef(one.ref, later.ref) && one.version === later.version;
    const known = this.versionsToDestroy.find(isSame);
    if (known !== undefined && known.at <= later.at) return;
    this.versionsToDestroy = [...this.versionsToDestroy.filter((one) => !isSame(one)), later];
  }
}

/** A credential as it is adopted: epoch and serial count from one. */
export const firstOf = (
  { ref, resource, version }: { ref: SecretRef; resource: string; version: number },
  epoch = 1,
): ManagedCredential => ({
  ref,
  resource,
  currentVersion: version,
  fallbackVersion: undefined,
  retiredVersion: 0,
  epoch,
  serial: epoch,
  gate: 'open',
  state: 'active',
});

const changed = (credential: ManagedCredential, change: CredentialChange): ManagedCredential => ({
  ...credential,
  currentVersion: change.currentVersion ?? credential.currentVersion,
  fallbackVersion:
    change.fallbackVersion === undefined
      ? credential.fallbackVersion
      : (change.fallbackVersion ?? undefined),
  retiredVersion: change.retiredVersion ?? credential.retiredVersion,
  epoch: credential.epoch + (change.currentVersion === undefined ? 0 : 1),
  serial: credential.serial + 1,
  gate: change.gate ?? credential.gate,
  state: change.state ?? credential.state,
});

function useOf({ instanceId, credentials }: InstanceReport, ref: SecretRef): InstanceUse {
  const known = credentials.find((report: CredentialReport) => sameRef(report.ref, ref));
  return {
    instanceId,
    serial: known?.serial ?? 0,
    holding: known?.holding ?? false,
    uses: known?.uses ?? [],
  };
}
