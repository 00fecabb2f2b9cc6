import { EVENT_BYTES_MAX, EventTooLarge, rotationStates } from '#events';
import { secondsAfter } from '#kernel';
import { mayFollow, type Rotation, RotationLeaseLost } from '#rotation';
import { aRotationEvent, TEST_ROTATED_REF } from './rotation-builders.js';
import {
  aDueRotation,
  adopted,
  CURRENT,
  LEASE_MS,
  leasedIn,
  ROTATION_EVENT,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

/** What every RotationStore must do when a step is committed. Each test has empty stores. */
export function rotationCommitContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as who commits steps of rotations', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const stored = async (): Promise<Rotation> => (await under.store.list({ limit: 1 }))[0]!;

    it('writes the step with its event and its change of the credential', async () => {
      const before = await adopted(under);
      const lease = await leasedIn(under, 'promoting');
      const step = stepTo(lease.rotation, 'promoted', {
        credential: {
          currentVersion: CURRENT + 1,
          fallbackVersion: CURRENT,
          gate: 'open',
          state: 'rotating',
        },
      });
      expect(await under.store.commit(lease, step)).toBe('committed');
      expect(await stored()).toEqual(step.next);
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual({
        ...before,
        currentVersion: CURRENT + 1,
        fallbackVersion: CURRENT,
        state: 'rotating',
        epoch: before.epoch + 1,
        serial: before.serial + 1,
      });
      expect(await under.eventTypes('ledger')).toEqual([ROTATION_EVENT('promoted')]);
    });

    it('goes up by one serial and no epoch with every other change', async () => {
      const before = await adopted(under);
      const lease = await leasedIn(under, 'draining');
      const changes = [
        { fallbackVersion: 2 },
        { fallbackVersion: null },
        { retiredVersion: 2 },
        { gate: 'quiescing' },
        { gate: 'held' },
        { state: 'out_of_sync' },
        {},
      ] as const;
      for (const credential of changes) {
        await under.store.commit(lease, stepTo(lease.rotation, 'draining', { credential }));
      }
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual({
        ...before,
        retiredVersion: 2,
        gate: 'held',
        state: 'out_of_sync',
        serial: before.serial + changes.length,
      });
    });

    it('leaves the credential as it is when the step says nothing of it', async () => {
      const before = await adopted(under);
      const lease = await leasedIn(under);
      await under.store.commit(lease, stepTo(lease.rotation, 'staged'));
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual(before);
    });

    it('brings a credential its first version, and changes nothing of one that has none', async () => {
      const lease = await leasedIn(under, 'promoting');
      const wait = stepTo(lease.rotation, 'promoting', { credential: { state: 'rotating' } });
      await under.store.commit(lease, wait);
      expect(await under.book.find(TEST_ROTATED_REF)).toBeUndefined();
      const credential = { currentVersion: 1, gate: 'open', state: 'rotating' } as const;
      await under.store.commit(lease, stepTo(lease.rotation, 'promoted', { credential }));
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual({
        ref: TEST_ROTATED_REF,
        resource: 'ledger',
        currentVersion: 1,
        fallbackVersion: undefined,
        retiredVersion: 0,
        epoch: 1,
        serial: 1,
        gate: 'open',
        state: 'rotating',
      });
    });

    it('keeps what a rotation is, whatever a step says', async () => {
      const lease = await leasedIn(under);
      const { rotation } = lease;
      const next: Rotation = {
        ...stepTo(rotation, 'staged').next,
        ref: { mount: 'other', path: 'other' },
        resource: 'mail',
        kind: 'external',
        origin: 'vault',
        trigger: 'compromise',
        token: 'b1a8b1a8-0000-4000-8000-000000000000',
        occurrence: 'made up',
        initiatorId: 'sub_other',
        correlationId: 'req_other',
        requestedAt: secondsAfter(rotation.requestedAt, 60),
      };
      await under.store.commit(lease, { next, events: [] });
      expect(await stored()).toEqual({ ...rotation, state: 'staged', previousState: 'requested' });
    });

    it('takes every legal transition, and no other', async () => {
      for (const state of rotationStates) {
        for (const next of rotationStates) {
          const ref = { mount: 'secret', path: `${state}-${next}` };
          const rotation = aDueRotation(under, { ref, state });
          await under.store.request(rotation, []);
          const decision = under.store.intervene(rotation.id, (one) => stepTo(one, next));
          if (mayFollow(state, next)) expect((await decision)?.state).toBe(next);
          else await expect(decision).rejects.toThrow(`${next} may not follow ${state}`);
        }
      }
    });

    it('writes nothing of a step that is not legal', async () => {
      const before = await adopted(under);
      const lease = await leasedIn(under);
      const step = stepTo(lease.rotation, 'promoted', { credential: { currentVersion: 9 } });
      await expect(under.store.commit(lease, step)).rejects.toThrow(TypeError);
      expect(await stored()).toEqual(lease.rotation);
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual(before);
      expect(await under.eventTypes('ledger')).toEqual([]);
    });

    it('writes nothing with a lease that is another one by now', async () => {
      const before = await adopted(under);
      const lease = await leasedIn(under);
      await under.pass(LEASE_MS / 1000);
      const taken = (await under.twin.lease('two', LEASE_MS))!;
      const stale = under.store.commit(
        lease,
        stepTo(lease.rotation, 'staged', { credential: { gate: 'quiescing' } }),
      );
      await expect(stale).rejects.toThrow(RotationLeaseLost);
      expect((await stored()).state).toBe('requested');
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual(before);
      expect(await under.eventTypes('ledger')).toEqual([]);
      const commit = under.twin.commit(taken, stepTo(taken.rotation, 'staged'));
      expect(await commit).toBe('committed');
    });

    it('writes nothing with a lease of the same name and fence of another owner', async () => {
      const lease = await leasedIn(under);
      const stolen = { ...lease, owner: 'two' };
      const commit = under.twin.commit(stolen, stepTo(lease.rotation, 'staged'));
      await expect(commit).rejects.toThrow(RotationLeaseLost);
    });

    it('commits with a lease that has run out and that nobody took', async () => {
      const lease = await leasedIn(under);
      await under.pass(60);
      const commit = under.store.commit(lease, stepTo(lease.rotation, 'staged'));
      expect(await commit).toBe('committed');
    });

    it('gives the lease up with a step that waits, for whoever comes when it is due', async () => {
      const lease = await leasedIn(under);
      const dueAt = secondsAfter(under.now(), 2);
      const next = { ...lease.rotation, dueAt };
      await under.store.commit(lease, { next, events: [] });
      expect(await under.store.renew(lease, LEASE_MS)).toBe(false);
      expect(await under.twin.lease('two', LEASE_MS)).toBeUndefined();
      await under.pass(3);
      expect((await under.twin.lease('two', LEASE_MS))?.rotation.id).toBe(lease.rotation.id);
    });

    it('keeps the lease with a step after which there is more to do', async () => {
      const lease = await leasedIn(under);
      await under.store.commit(lease, stepTo(lease.rotation, 'staged'));
      expect(await under.twin.lease('two', LEASE_MS)).toBeUndefined();
      expect(await under.store.renew(lease, LEASE_MS)).toBe(true);
    });

    it('writes nothing when an event cannot be written', async () => {
      const before = await adopted(under);
      const lease = await leasedIn(under);
      const events = [{ ...aRotationEvent(lease.rotation), subject: 'x'.repeat(EVENT_BYTES_MAX) }];
      const credential = { gate: 'quiescing' } as const;
      const step = stepTo(lease.rotation, 'staged', { credential, events });
      await expect(under.store.commit(lease, step)).rejects.toThrow(EventTooLarge);
      expect((await stored()).state).toBe('requested');
      expect(await under.book.find(TEST_ROTATED_REF)).toEqual(before);
    });

    it('G8: keeps no sealed wrapping token of a rotation that has ended', async () => {
      const wrap = {
        sealedToken: 'a.b.c.d.e',
        fingerprint: 'f',
        told: undefined,
        unwrapStartedAt: undefined,
      };
      await under.store.request(aDueRotation(under, { state: 'intake', wrap }), []);
      const lease = (await under.store.lease('one', LEASE_MS))!;
      expect(lease.rotation.wrap).toEqual(wrap);
      await under.store.commit(lease, stepTo(lease.rotation, 'wrap_lost'));
      expect((await stored()).wrap).toEqual({ ...wrap, sealedToken: undefined });
    });

    it('commits each step once, when many try at once with one lease', async () => {
      await adopted(under);
      const lease = await leasedIn(under);
      const outcomes = await Promise.allSettled(
        Array.from({ length: 8 }, () =>
          under.store.commit(
            lease,
            stepTo(lease.rotation, 'intake', { credential: { state: 'rotating' } }),
          ),
        ),
      );
      // `intake` may follow itself: each is a commit of its own, one after the other.
      expect(outcomes.every(({ status }) => status === 'fulfilled')).toBe(true);
      expect((await under.book.find(TEST_ROTATED_REF))?.serial).toBe(9);
      expect(await under.eventTypes('ledger')).toHaveLength(8);
    });
  });
}
