import { type SecretRef, sameRef } from '#credentials';
import { isEnded, RotationUpkeep } from '#rotation';
import { type InMemoryRotationWorld } from './in-memory-rotation-world.js';

const DAY_MS = 24 * 3_600_000;
const REFUSALS_KEPT_MS = 3_600_000;
const ROTATIONS_KEPT_MS = 365 * DAY_MS;

/** What has to be done when nothing else is, in memory. */
export class InMemoryRotationUpkeep extends RotationUpkeep {
  constructor(private readonly world: InMemoryRotationWorld) {
    super();
  }

  override async dueVersions(
    limit: number,
  ): Promise<readonly { ref: SecretRef; version: number }[]> {
    this.world.assertReachable();
    return this.world.versionsToDestroy
      .filter(({ at }) => at.getTime() <= this.world.nowMs)
      .filter(({ ref, version }) => !this.#isInUse(ref, version))
      .sort((one, other) => one.at.getTime() - other.at.getTime())
      .slice(0, limit)
      .map(({ ref, version }) => ({ ref, version }));
  }

  override async destroyed(ref: SecretRef, version: number): Promise<void> {
    this.world.assertReachable();
    this.world.versionsToDestroy = this.world.versionsToDestroy.filter(
      (one) => !(sameRef(one.ref, ref) && one.version === version),
    );
  }

  override async firstSeen(fingerprint: string, rotationId: string): Promise<boolean> {
    this.world.assertReachable();
    const first = this.world.wrapReceipts.get(fingerprint) ?? rotationId;
    this.world.wrapReceipts.set(fingerprint, first);
    return first === rotationId;
  }

  override async purge(): Promise<void> {
    this.world.assertReachable();
    const { nowMs, rotations, instances } = this.world;
    for (const [id, { rotation }] of rotations) {
      const endedMs = rotation.endedAt?.getTime() ?? nowMs;
      if (isEnded(rotation.state) && endedMs < nowMs - ROTATIONS_KEPT_MS) rotations.delete(id);
    }
    for (const [id, { atMs }] of instances) if (atMs < nowMs - DAY_MS) instances.delete(id);
    this.world.refusals = this.world.refusals.filter(
      ({ atMs }) => atMs >= nowMs - REFUSALS_KEPT_MS,
    );
  }

  #isInUse(ref: SecretRef, version: number): boolean {
    const credential = this.world.find(ref)?.credential;
    return credential?.currentVersion === version || credential?.fallbackVersion === version;
  }
}
