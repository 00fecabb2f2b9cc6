import { secondsAfter } from '#kernel';
import { TEST_ROTATED_REF } from './rotation-builders.js';
import { aReport } from './credential-census.contract.js';
import {
  aDueRotation,
  adopted,
  CURRENT,
  leasedIn,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

const YEAR_SECONDS = 366 * 24 * 3600;

/** What every RotationUpkeep and IntakeKeys must do. Each test has empty stores. */
export function rotationUpkeepContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as the upkeep of rotations', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const destroyLater = async (...versions: [version: number, inSeconds: number][]) => {
      const lease = await leasedIn(under, 'draining');
      for (const [version, inSeconds] of versions) {
        const at = secondsAfter(under.now(), inSeconds);
        const credential = { destroyLater: { version, at } };
        await under.store.commit(lease, stepTo(lease.rotation, 'draining', { credential }));
      }
    };
    const due = async (limit = 10): Promise<number[]> =>
      (await under.upkeep.dueVersions(limit)).map(({ version }) => version);

    describe('of versions that are to be destroyed', () => {
      it('gives those whose time has come, the first ones first, until they are destroyed', async () => {
        await adopted(under);
        await destroyLater([1, -10], [2, -20], [7, 60]);
        expect(await under.upkeep.dueVersions(10)).toEqual([
          { ref: TEST_ROTATED_REF, version: 2 },
          { ref: TEST_ROTATED_REF, version: 1 },
        ]);
        expect(await due(1)).toEqual([2]);
        await under.upkeep.destroyed(TEST_ROTATED_REF, 2);
        await under.upkeep.destroyed(TEST_ROTATED_REF, 2);
        await under.upkeep.destroyed({ mount: 'kv', path: TEST_ROTATED_REF.path }, 1);
        expect(await due()).toEqual([1]);
        await under.pass(61);
        expect(await due()).toEqual([1, 7]);
      });

      it('gives one of a rotation that was not committed never', async () => {
        await adopted(under);
        const lease = await leasedIn(under, 'draining');
        const credential = { destroyLater: { version: 1, at: under.now() } };
        const stolen = { ...lease, fence: lease.fence + 1 };
        const commit = under.store.commit(
          stolen,
          stepTo(lease.rotation, 'draining', { credential }),
        );
        await expect(commit).rejects.toThrow('leased to another rotator');
        expect(await due()).toEqual([]);
      });

      it('gives none that calls use or may go back to', async () => {
        await adopted(under);
        await destroyLater([CURRENT, -10], [CURRENT - 1, -10], [1, -10]);
        expect((await due()).sort()).toEqual([1, CURRENT - 1]);
        const rotation = (await under.store.list({ limit: 1 }))[0]!;
        await under.store.intervene(rotation.id, (one) =>
          stepTo(one, 'draining', { credential: { fallbackVersion: CURRENT - 1 } }),
        );
        expect(await due()).toEqual([1]);
      });

      it('destroys at the earlier one of two times', async () => {
        await adopted(under);
        await destroyLater([1, 3600], [1, -5], [1, 7200]);
        expect(await due()).toEqual([1]);
      });
    });

    describe('of wrapping tokens', () => {
      it('tells the first rotation that was given one from every other', async () => {
        expect(await under.upkeep.firstSeen('f1', 'rot_1')).toBe(true);
        expect(await under.upkeep.firstSeen('f1', 'rot_2')).toBe(false);
        expect(await under.upkeep.firstSeen('f1', 'rot_1')).toBe(true);
        expect(await under.upkeep.firstSeen('f2', 'rot_2')).toBe(true);
      });

      it('has one first of many at once', async () => {
        const all = await Promise.all(
          Array.from({ length: 16 }, (_, nth) => under.upkeep.firstSeen('f1', `rot_${nth}`)),
        );
        expect(all.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('when it forgets', () => {
      it('forgets rotations that ended more than a year ago, and nothing younger', async () => {
        const old = aDueRotation(under, { state: 'done', endedAt: under.now() });
        await under.store.request(old, []);
        await under.pass(YEAR_SECONDS);
        const standing = aDueRotation(under, {
          state: 'manual_required',
          requestedAt: secondsAfter(under.now(), -2 * YEAR_SECONDS),
        });
        await under.store.request(standing, []);
        const ref = { mount: 'secret', path: 'young' };
        const young = aDueRotation(under, { ref, state: 'done', endedAt: under.now() });
        await under.store.request(young, []);
        await under.upkeep.purge();
        const ids = (await under.store.list({ limit: 10 })).map(({ id }) => id);
        expect(ids).toEqual([young.id, standing.id]);
      });

      it('forgets no instance, refusal or failed login that still counts', async () => {
        await adopted(under);
        await under.census.report(aReport('one'));
        const refusal = {
          ref: TEST_ROTATED_REF,
          version: CURRENT,
          status: 401,
          callId: 'call_1',
          fallbackWorked: false,
        };
        await under.census.refused([refusal]);
        const allowance = { failuresMax: 1, perSeconds: 3600 };
        await under.budget.reserve(TEST_ROTATED_REF, allowance);
        await under.upkeep.firstSeen('f1', 'rot_1');
        await under.upkeep.purge();
        expect(await under.book.instances(TEST_ROTATED_REF)).toHaveLength(1);
        expect((await under.book.refusals(TEST_ROTATED_REF, CURRENT)).refused).toBe(1);
        expect((await under.budget.reserve(TEST_ROTATED_REF, allowance)).kind).toBe('spent');
        expect(await under.upkeep.firstSeen('f1', 'rot_2')).toBe(false);
        expect(await under.book.find(TEST_ROTATED_REF)).toBeDefined();
      });
    });

    describe('of intake keys', () => {
      it('knows the one that was published last', async () => {
        const one = { kid: 'one', jwk: { kty: 'EC', crv: 'P-256', x: 'x1', y: 'y1' } };
        const other = { kid: 'other', jwk: { kty: 'EC', crv: 'P-256', x: 'x2', y: 'y2' } };
        expect(await under.intakeKeys.current()).toBeUndefined();
        await under.intakeKeys.publish(one);
        expect(await under.intakeKeys.current()).toEqual(one);
        await under.intakeKeys.publish(other);
        expect(await under.intakeKeys.current()).toEqual(other);
        await under.intakeKeys.publish(one);
        expect(await under.intakeKeys.current()).toEqual(one);
      });
    });
  });
}
