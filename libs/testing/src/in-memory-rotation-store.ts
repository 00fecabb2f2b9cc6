import { type ManagedCredential, sameRef } from '#credentials';
import { type PosternEvent } from '#events';
import {
  isAtRest,
  isEnded,
  type LeasedRotation,
  mayFollow,
  type Rotation,
  type RotationFilter,
  RotationLeaseLost,
  type RotationStep,
  RotationStore,
} from '#rotation';
import { type InMemoryRotationWorld, type StoredRotation } from './in-memory-rotation-world.js';

const LIST_LIMIT_MAX = 500;

/** Rotations in memory. */
export class InMemoryRotationStore extends RotationStore {
  constructor(private readonly world: InMemoryRotationWorld) {
    super();
  }

  override async request(
    rotation: Rotation,
    events: readonly PosternEvent[],
  ): Promise<'requested' | 'active' | 'repeated'> {
    this.world.assertReachable();
    const others = this.#stored().filter((other) => sameRef(other.rotation.ref, rotation.ref));
    const { occurrence } = rotation;
    if (
      occurrence !== undefined &&
      others.some((other) => other.rotation.occurrence === occurrence)
    )
      return 'repeated';
    if (others.some((other) => !isEnded(other.rotation.state))) return 'active';
    this.world.journal.record(events);
    const stored = { rotation, owner: undefined, leaseUntilMs: 0, fence: 0 };
    this.world.rotations.set(rotation.id, stored);
    return 'requested';
  }

  override async lease(owner: string, leaseMs: number): Promise<LeasedRotation | undefined> {
    this.world.assertReachable();
    const { nowMs } = this.world;
    const [due] = this.#stored()
      .filter(({ rotation }) => !isAtRest(rotation.state) && rotation.dueAt.getTime() <= nowMs)
      .filter(({ leaseUntilMs }) => leaseUntilMs <= nowMs)
      .sort((one, other) => one.rotation.dueAt.getTime() - other.rotation.dueAt.getTime());
    if (due === undefined) return undefined;
    due.owner = owner;
    due.leaseUntilMs = nowMs + leaseMs;
    due.fence += 1;
    return { rotation: due.rotation, owner, fence: due.fence };
  }

  override async renew(lease: LeasedRotation, leaseMs: number): Promise<boolean> {
    this.world.assertReachable();
    const stored = this.#held(lease);
    if (stored === undefined) return false;
    const isGivenUp = stored.leaseUntilMs === 0;
    if (isGivenUp && stored.rotation.dueAt.getTime() > this.world.nowMs) return false;
    stored.leaseUntilMs = this.world.nowMs + leaseMs;
    return true;
  }

  override async commit(
    lease: LeasedRotation,
    step: RotationStep,
  ): Promise<'committed' | 'not_quiet'> {
    this.world.assertReachable();
    const stored = this.#held(lease);
    if (stored === undefined) {
      throw new RotationLeaseLost(`rotation ${lease.rotation.id} is leased to another rotator`);
    }
    assertLegal(stored.rotation, step);
    if (step.onlyWhenQuiet === true && !this.world.isQuiet(stored.rotation.ref)) return 'not_quiet';
    this.#write(stored, step);
    const { state, dueAt } = stored.rotation;
    if (isAtRest(state) || dueAt.getTime() > this.world.nowMs) stored.leaseUntilMs = 0;
    return 'committed';
  }

  override async list({
    id,
    resource,
    states,
    before,
    limit,
  }: RotationFilter): Promise<readonly Rotation[]> {
    this.world.assertReachable();
    const all = this.#stored().map(({ rotation }) => rotation);
    const end = before === undefined ? all.length : all.findIndex((one) => one.id === before);
    return all
      .slice(0, Math.max(end, 0))
      .reverse()
      .filter((rotation) => id === undefined || rotation.id === id)
      .filter((rotation) => resource === undefined || rotation.resource === resource)
      .filter((rotation) => states === undefined || states.includes(rotation.state))
      .slice(0, Math.max(1, Math.min(limit, LIST_LIMIT_MAX)));
  }

  override async intervene(
    id: string,
    decide: (rotation: Rotation, credential: ManagedCredential | undefined) => RotationStep,
  ): Promise<Rotation | undefined> {
    this.world.assertReachable();
    const stored = this.world.rotations.get(id);
    if (stored === undefined) return undefined;
    const step = decide(stored.rotation, this.world.find(stored.rotation.ref)?.credential);
    assertLegal(stored.rotation, step);
    this.#write(stored, step);
    stored.owner = undefined;
    stored.leaseUntilMs = 0;
    stored.fence += 1;
    return stored.rotation;
  }

  #stored(): StoredRotation[] {
    return [...this.world.rotations.values()];
  }

  #held({ rotation: { id }, owner, fence }: LeasedRotation): StoredRotation | undefined {
    const stored = this.world.rotations.get(id);
    return stored?.fence === fence && stored.owner === owner ? stored : undefined;
  }

  #write(stored: StoredRotation, { next, credential, events }: RotationStep): void {
    this.world.journal.record(events);
    stored.rotation = amended(stored.rotation, next);
    if (credential !== undefined) this.world.change(stored.rotation, credential);
  }
}

function assertLegal(stored: Rotation, { next }: RotationStep): void {
  if (mayFollow(stored.state, next.state)) return;
  throw new TypeError(`rotation ${stored.id}: ${next.state} may not follow ${stored.state}`);
}

/** What a rotation is stays as it was asked for; a wrapping token of one that has ended is of no use. */
const amended = (stored: Rotation, next: Rotation): Rotation => ({
  ...next,
  id: stored.id,
  ref: stored.ref,
  resource: stored.resource,
  kind: stored.kind,
  origin: stored.origin,
  trigger: stored.trigger,
  token: stored.token,
  occurrence: stored.occurrence,
  initiatorId: stored.initiatorId,
  correlationId: stored.correlationId,
  requestedAt: stored.requestedAt,
  wrap:
    next.wrap !== undefined && isEnded(next.state)
      ? { ...next.wrap, sealedToken: undefined }
      : next.wrap,
});
