import {
  type ManagedCredential,
  REFUSAL_WINDOW_SECONDS,
  sameRef,
  type SecretRef,
} from '#credentials';
import { type PosternEvent } from '#events';
import { CredentialBook, type DueBreaker, type InstanceUse, type RefusalTally } from '#rotation';
import {
  firstOf,
  type InMemoryRotationWorld,
  type StoredCredential,
} from './in-memory-rotation-world.js';

const MINUTE_MS = 60_000;
/** Between two tries of one credential. */
const TRY_EVERY_MS = [30_000, MINUTE_MS, 2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS] as const;
const CLEARED_MS = 15 * MINUTE_MS;

/** The credentials that are rotated, in memory. */
export class InMemoryCredentialBook extends CredentialBook {
  constructor(private readonly world: InMemoryRotationWorld) {
    super();
  }

  override async adopt(
    credential: { readonly ref: SecretRef; readonly resource: string; readonly version: number },
    events: readonly PosternEvent[],
  ): Promise<void> {
    this.world.assertReachable();
    if (this.world.find(credential.ref) !== undefined) return;
    this.world.journal.record(events);
    this.world.put(firstOf(credential));
  }

  override async find(ref: SecretRef): Promise<ManagedCredential | undefined> {
    this.world.assertReachable();
    return this.world.find(ref)?.credential;
  }

  override async instances(ref: SecretRef): Promise<readonly InstanceUse[]> {
    this.world.assertReachable();
    return this.world.usesOf(ref);
  }

  override async refusals(ref: SecretRef, version: number): Promise<RefusalTally> {
    this.world.assertReachable();
    const since = this.world.nowMs - REFUSAL_WINDOW_SECONDS * 1000;
    const refused = this.world.refusals.filter(
      (one) => sameRef(one.ref, ref) && one.version === version && one.atMs > since,
    );
    const fallbackWorked = refused.filter((one) => one.fallbackWorked).length;
    return { refused: refused.length, fallbackWorked };
  }

  override async takeDueBreaker(): Promise<DueBreaker | undefined> {
    this.world.assertReachable();
    const { nowMs } = this.world;
    const [due] = [...this.world.credentials.values()]
      .filter((stored) => mayBeTried(stored) && dueAt(stored) <= nowMs)
      .sort((one, other) => dueAt(one) - dueAt(other));
    if (due === undefined) return undefined;
    const { breaker, credential } = due;
    const pauseMs = TRY_EVERY_MS[Math.min(breaker.tries, TRY_EVERY_MS.length - 1)] ?? CLEARED_MS;
    breaker.dueAtMs = nowMs + pauseMs;
    breaker.tries += 1;
    // A value that turns out not to work is not cleared for longer than a try takes.
    breaker.clearedUntilMs = Math.min(breaker.clearedUntilMs, nowMs + TRY_EVERY_MS[0]);
    const { ref, resource, currentVersion: version, state } = credential;
    return { ref, resource, version, isOpen: state === 'breaker_open' };
  }

  override async closeBreaker(
    ref: SecretRef,
    version: number,
    events: readonly PosternEvent[],
  ): Promise<void> {
    this.world.assertReachable();
    const stored = this.world.find(ref);
    if (stored?.credential.currentVersion !== version) return;
    const { nowMs } = this.world;
    if (stored.credential.state === 'breaker_open') {
      this.world.journal.record(events);
      const serial = stored.credential.serial + 1;
      stored.credential = { ...stored.credential, state: 'active', serial };
    }
    stored.breaker = {
      dueAtMs: undefined,
      tries: 0,
      askAfterMs: nowMs + TRY_EVERY_MS[0],
      clearedUntilMs: nowMs + CLEARED_MS,
    };
  }
}

/** One whose breaker is open is tried in any case, also when nobody has said when. */
const dueAt = ({ credential, breaker }: StoredCredential): number =>
  breaker.dueAtMs ?? (credential.state === 'breaker_open' ? 0 : Number.POSITIVE_INFINITY);

/** While calls are held back a rotation asks the legacy system itself, and needs the budget. */
const mayBeTried = ({ credential: { gate, state } }: StoredCredential): boolean =>
  gate === 'open' && (state === 'active' || state === 'breaker_open');
