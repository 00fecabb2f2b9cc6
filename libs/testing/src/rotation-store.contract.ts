import { EVENT_BYTES_MAX, EventTooLarge } from '#events';
import { secondsAfter } from '#kernel';
import { type Rotation } from '#rotation';
import { aRotationEvent, TEST_ROTATED_REF } from './rotation-builders.js';
import {
  aDueRotation,
  LEASE_MS,
  leasedIn,
  ROTATION_EVENT,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

const AT_ONCE = 16;
const OTHER_REF = { mount: 'secret', path: 'ledger/other' };

/** What every RotationStore must do: requests and leases. Each test has empty stores. */
export function rotationStoreContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as the store of rotations', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const list = (filter = {}): Promise<readonly Rotation[]> =>
      under.store.list({ limit: 100, ...filter });
    const ended = (rotation: Rotation): Promise<Rotation | undefined> =>
      under.store.intervene(rotation.id, (stored) => stepTo(stored, 'abandoned'));

    describe('asked for a rotation', () => {
      it('keeps it as it is, with its event', async () => {
        const rotation = aDueRotation(under, {
          occurrence: 'schedule:1',
          toVersion: 7,
          probe: { current: 'ok', pending: 'unreachable' },
          errorClass: 'timeout',
          approvalsNeeded: 2,
          approvedBy: ['sub_a', 'sub_b'],
          wrap: {
            sealedToken: 'a.b.c.d.e',
            fingerprint: 'f'.repeat(32),
            told: { createdAt: new Date('2026-11-20T11:59:00Z'), ttlSeconds: 600 },
            unwrapStartedAt: new Date('2026-11-20T12:00:01.001Z'),
          },
        });
        const events = [aRotationEvent(rotation)];
        expect(await under.control.request(rotation, events)).toBe('requested');
        expect(await list()).toEqual([rotation]);
        expect(await under.eventTypes('ledger')).toEqual([ROTATION_EVENT('staged')]);
      });

      it('keeps what is undefined as undefined', async () => {
        const rotation = aDueRotation(under, {
          fromVersion: undefined,
          initiatorId: undefined,
          reason: undefined,
          wrap: {
            sealedToken: undefined,
            fingerprint: 'f',
            told: undefined,
            unwrapStartedAt: undefined,
          },
        });
        await under.store.request(rotation, []);
        expect(await list()).toEqual([rotation]);
      });

      it('refuses another one of the credential until that has ended, and writes no event', async () => {
        const first = aDueRotation(under);
        await under.store.request(first, []);
        const second = aDueRotation(under);
        expect(await under.twin.request(second, [aRotationEvent(second)])).toBe('active');
        expect(await under.eventTypes('ledger')).toEqual([]);
        await ended(first);
        expect(await under.twin.request(second, [])).toBe('requested');
      });

      it('refuses another one also while the first waits for an administrator', async () => {
        await under.store.request(aDueRotation(under, { state: 'manual_required' }), []);
        expect(await under.store.request(aDueRotation(under), [])).toBe('active');
      });

      it('takes one of another credential', async () => {
        await under.store.request(aDueRotation(under), []);
        const other = aDueRotation(under, { ref: OTHER_REF });
        expect(await under.store.request(other, [])).toBe('requested');
        const onOtherMount = { mount: 'kv', path: TEST_ROTATED_REF.path };
        const third = aDueRotation(under, { ref: onOtherMount });
        expect(await under.store.request(third, [])).toBe('requested');
      });

      it('takes what may happen once only once, also after that has ended', async () => {
        const first = aDueRotation(under, { occurrence: 'schedule:1' });
        await under.store.request(first, []);
        const again = (): Rotation => aDueRotation(under, { occurrence: 'schedule:1' });
        expect(await under.twin.request(again(), [])).toBe('repeated');
        await ended(first);
        const repeated = again();
        expect(await under.twin.request(repeated, [aRotationEvent(repeated)])).toBe('repeated');
        expect(await under.eventTypes('ledger')).toEqual([ROTATION_EVENT('abandoned')]);
        const next = aDueRotation(under, { occurrence: 'schedule:2' });
        expect(await under.twin.request(next, [])).toBe('requested');
      });

      it('takes the same occurrence of another credential', async () => {
        await under.store.request(aDueRotation(under, { occurrence: 'version:1' }), []);
        const other = aDueRotation(under, { ref: OTHER_REF, occurrence: 'version:1' });
        expect(await under.store.request(other, [])).toBe('requested');
      });

      it('takes exactly one of many at once', async () => {
        const outcomes = await Promise.all(
          Array.from({ length: AT_ONCE }, (_, nth) => {
            const rotation = aDueRotation(under);
            return (nth % 2 === 0 ? under.control : under.twin).request(rotation, [
              aRotationEvent(rotation),
            ]);
          }),
        );
        expect(outcomes.filter((outcome) => outcome === 'requested')).toHaveLength(1);
        expect(outcomes.filter((outcome) => outcome === 'active')).toHaveLength(AT_ONCE - 1);
        expect(await under.eventTypes('ledger')).toHaveLength(1);
      });

      it('writes nothing when an event cannot be written', async () => {
        const rotation = aDueRotation(under);
        const tooLarge = { ...aRotationEvent(rotation), subject: 'x'.repeat(EVENT_BYTES_MAX) };
        await expect(under.store.request(rotation, [tooLarge])).rejects.toThrow(EventTooLarge);
        expect(await list()).toEqual([]);
      });
    });

    describe('as who leases', () => {
      it('gives one rotation to one rotator, until the lease is over', async () => {
        const rotation = aDueRotation(under);
        await under.store.request(rotation, []);
        const lease = (await under.store.lease('one', LEASE_MS))!;
        expect(lease).toEqual({ rotation, owner: 'one', fence: expect.any(Number) as unknown });
        expect(await under.twin.lease('two', LEASE_MS)).toBeUndefined();
        expect(await under.store.lease('one', LEASE_MS)).toBeUndefined();
        await under.pass(LEASE_MS / 1000);
        const taken = (await under.twin.lease('two', LEASE_MS))!;
        expect(taken.rotation.id).toBe(rotation.id);
        expect(taken.fence).toBeGreaterThan(lease.fence);
      });

      it('gives the one that is due for the longest first, and none that is not due', async () => {
        const now = under.now();
        const due = (seconds: number, path: string): Rotation =>
          aDueRotation(under, {
            dueAt: secondsAfter(now, seconds),
            ref: { mount: 'secret', path },
          });
        const [late, soon, first] = [due(-10, 'a'), due(60, 'b'), due(-20, 'c')];
        for (const rotation of [late, soon, first]) await under.store.request(rotation, []);
        expect((await under.store.lease('one', LEASE_MS))?.rotation.id).toBe(first.id);
        expect((await under.store.lease('one', LEASE_MS))?.rotation.id).toBe(late.id);
        expect(await under.store.lease('one', LEASE_MS)).toBeUndefined();
        await under.pass(60);
        const leased = [
          await under.store.lease('one', LEASE_MS),
          await under.store.lease('one', LEASE_MS),
          await under.store.lease('one', LEASE_MS),
        ];
        expect(leased.map((lease) => lease?.rotation.id)).toEqual([first.id, late.id, soon.id]);
      });

      it.each([
        'done',
        'wrap_suspect',
        'wrap_lost',
        'abandoned',
        'rolled_back',
        'manual_required',
      ] as const)('gives none that is at rest: %s', async (state) => {
        await under.store.request(aDueRotation(under, { state }), []);
        expect(await under.store.lease('one', LEASE_MS)).toBeUndefined();
      });

      it('gives each of many rotations to exactly one of many rotators', async () => {
        for (let nth = 0; nth < AT_ONCE; nth += 1) {
          const ref = { mount: 'secret', path: `path-${nth}` };
          await under.store.request(aDueRotation(under, { ref }), []);
        }
        const leases = await Promise.all(
          Array.from({ length: 2 * AT_ONCE }, (_, nth) =>
            (nth % 2 === 0 ? under.store : under.twin).lease(`owner-${nth}`, LEASE_MS),
          ),
        );
        const ids = leases.flatMap((lease) => (lease === undefined ? [] : [lease.rotation.id]));
        expect(new Set(ids).size).toBe(ids.length);
        // One that found all of them locked at that moment may go away with none: whoever asks again has it.
        for (
          let more = await under.twin.lease('late', LEASE_MS);
          more !== undefined;
          more = await under.twin.lease('late', LEASE_MS)
        ) {
          ids.push(more.rotation.id);
        }
        expect(new Set(ids).size).toBe(AT_ONCE);
        expect(ids).toHaveLength(AT_ONCE);
      });

      it('keeps a lease that is renewed', async () => {
        const lease = await leasedIn(under);
        await under.pass(3);
        expect(await under.store.renew(lease, LEASE_MS)).toBe(true);
        await under.pass(3);
        expect(await under.twin.lease('two', LEASE_MS)).toBeUndefined();
        await under.pass(2);
        expect(await under.twin.lease('two', LEASE_MS)).toBeDefined();
      });

      it('renews no lease that another one has', async () => {
        const lease = await leasedIn(under);
        await under.pass(LEASE_MS / 1000);
        const taken = (await under.twin.lease('two', LEASE_MS))!;
        expect(await under.store.renew(lease, LEASE_MS)).toBe(false);
        expect(await under.twin.renew(taken, LEASE_MS)).toBe(true);
      });

      it('gives a lease up with 0', async () => {
        const lease = await leasedIn(under);
        await under.store.renew(lease, 0);
        expect(await under.twin.lease('two', LEASE_MS)).toBeDefined();
      });
    });
  });
}
