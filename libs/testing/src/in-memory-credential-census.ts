import {
  breakerOpenedEvents,
  CredentialCensus,
  type CredentialRefusal,
  type InstanceReport,
  type ManagedCredential,
  REFUSAL_WINDOW_SECONDS,
  REFUSALS_TO_OPEN,
  sameRef,
} from '#credentials';
import { type EventFactory } from '#events';
import { type InMemoryRotationWorld, type StoredCredential } from './in-memory-rotation-world.js';

/** The census in memory. */
export class InMemoryCredentialCensus extends CredentialCensus {
  constructor(
    private readonly world: InMemoryRotationWorld,
    private readonly events: EventFactory,
  ) {
    super();
  }

  override async report(report: InstanceReport): Promise<readonly ManagedCredential[]> {
    this.world.assertReachable();
    this.world.instances.set(report.instanceId, { report, atMs: this.world.nowMs });
    return this.world.managed();
  }

  override async refused(
    refusals: readonly CredentialRefusal[],
  ): Promise<readonly ManagedCredential[]> {
    this.world.assertReachable();
    const concerned = new Set<StoredCredential>();
    for (const refusal of refusals) {
      const stored = this.world.find(refusal.ref);
      if (stored === undefined) continue;
      this.#record(refusal);
      concerned.add(stored);
    }
    for (const stored of concerned) this.#judge(stored, refusals);
    return [...concerned].map(({ credential }) => credential);
  }

  override async leave(instanceId: string): Promise<void> {
    this.world.assertReachable();
    this.world.instances.delete(instanceId);
  }

  #record(refusal: CredentialRefusal): void {
    const isSame = (one: CredentialRefusal): boolean =>
      sameRef(one.ref, refusal.ref) &&
      one.version === refusal.version &&
      one.callId === refusal.callId;
    const known = this.world.refusals.find(isSame);
    if (known === undefined) {
      this.world.refusals.push({ ...refusal, atMs: this.world.nowMs });
    } else if (refusal.fallbackWorked) {
      this.world.refusals = this.world.refusals.map((one) =>
        one === known ? { ...known, fallbackWorked: true } : one,
      );
    }
  }

  /** What these refusals ask for: nothing, a try, or that no call goes there any more. */
  #judge(stored: StoredCredential, refusals: readonly CredentialRefusal[]): void {
    const { credential, breaker } = stored;
    const last = refusals.findLast(
      ({ ref, version }) => sameRef(ref, credential.ref) && version === credential.currentVersion,
    );
    if (last === undefined || credential.state !== 'active') return;
    const { nowMs } = this.world;
    if (breaker.clearedUntilMs > nowMs) {
      breaker.dueAtMs ??= Math.max(nowMs, breaker.askAfterMs);
      return;
    }
    const failures = this.#failuresOf(credential);
    if (failures < REFUSALS_TO_OPEN) return;
    const opened: ManagedCredential = {
      ...credential,
      state: 'breaker_open',
      serial: credential.serial + 1,
    };
    const { status, callId } = last;
    const at = this.world.clock.now();
    this.world.journal.record(
      breakerOpenedEvents(this.events, { credential: opened, failures, status, callId, at }),
    );
    stored.credential = opened;
    stored.breaker = { ...breaker, dueAtMs: nowMs, tries: 0 };
  }

  #failuresOf({ ref, currentVersion }: ManagedCredential): number {
    const since = this.world.nowMs - REFUSAL_WINDOW_SECONDS * 1000;
    return this.world.refusals.filter(
      (one) => sameRef(one.ref, ref) && one.version === currentVersion && one.atMs > since,
    ).length;
  }
}
