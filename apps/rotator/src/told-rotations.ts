import { type ManagedCredential } from '#credentials';
import { type PosternEvent } from '#events';
import {
  type LeasedRotation,
  type Rotation,
  type RotationFilter,
  type RotationStep,
  RotationStore,
} from '#rotation';

/** From one state to the next, or to the same when it has to wait. */
export interface Transition {
  readonly from: Rotation;
  readonly to: Rotation;
}

/** A store that tells of each transition when it is committed. `onTransition` must not throw. */
export class ToldRotations extends RotationStore {
  constructor(
    private readonly store: RotationStore,
    private readonly onTransition: (transition: Transition) => void,
  ) {
    super();
  }

  override request(
    rotation: Rotation,
    events: readonly PosternEvent[],
  ): Promise<'requested' | 'active' | 'repeated'> {
    return this.store.request(rotation, events);
  }

  override lease(owner: string, leaseMs: number): Promise<LeasedRotation | undefined> {
    return this.store.lease(owner, leaseMs);
  }

  override renew(lease: LeasedRotation, leaseMs: number): Promise<boolean> {
    return this.store.renew(lease, leaseMs);
  }

  override async commit(
    lease: LeasedRotation,
    step: RotationStep,
  ): Promise<'committed' | 'not_quiet'> {
    const outcome = await this.store.commit(lease, step);
    if (outcome === 'committed') this.onTransition({ from: lease.rotation, to: step.next });
    return outcome;
  }

  override list(filter: RotationFilter): Promise<readonly Rotation[]> {
    return this.store.list(filter);
  }

  override intervene(
    id: string,
    decide: (rotation: Rotation, credential: ManagedCredential | undefined) => RotationStep,
  ): Promise<Rotation | undefined> {
    return this.store.intervene(id, decide);
  }
}
