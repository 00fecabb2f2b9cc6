import { type Rotation, RotationLeaseLost } from '#rotation';
import { aRotation, TEST_ROTATED_REF } from './rotation-builders.js';
import {
  adopted,
  LEASE_MS,
  leasedIn,
  ROTATION_EVENT,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';

/** What every RotationStore must do for an administrator: lists and interventions. Each test has empty stores. */
export function rotationInterventionContract(make: () => Promise<RotationStoresUnderTest>): void {
  describe('as what administrators see of rotations', () => {
    let under: RotationStoresUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    const list = (filter = {}): Promise<readonly Rotation[]> =>
      under.store.list({ limit: 100, ...filter });

    describe('as who lists', () => {
      it('gives the newest first, those of a resource, in some states, page by page', async () => {
        const rotations: Rotation[] = [];
        for (const [nth, resource] of ['ledger', 'mail', 'ledger', 'ledger'].entries()) {
          const ref = { mount: 'secret', path: `path-${nth}` };
          const state = nth === 2 ? 'done' : 'requested';
          rotations.push(aRotation({ ref, resource, state }));
          await under.store.request(rotations[nth]!, []);
        }
        const [oldest, mail, done, newest] = rotations.map(({ id }) => id);
        const ids = async (filter = {}): Promise<string[]> =>
          (await list(filter)).map(({ id }) => id);
        expect(await ids()).toEqual([newest, done, mail, oldest]);
        expect(await ids({ limit: 2 })).toEqual([newest, done]);
        expect(await ids({ before: done })).toEqual([mail, oldest]);
        expect(await ids({ before: 'rot_none' })).toEqual([]);
        expect(await ids({ resource: 'mail' })).toEqual([mail]);
        expect(await ids({ states: ['done', 'abandoned'] })).toEqual([done]);
        expect(await ids({ states: [] })).toEqual([]);
        expect(await ids({ resource: 'ledger', states: ['requested'], before: newest })).toEqual([
          oldest,
        ]);
        expect((await under.control.list({ limit: 0 })).map(({ id }) => id)).toEqual([newest]);
      });
    });

    describe('when an administrator decides', () => {
      it('commits what was decided of the stored rotation, whoever has it', async () => {
        await adopted(under);
        const lease = await leasedIn(under, 'quiescing');
        const after = await under.control.intervene(lease.rotation.id, (stored) => {
          expect(stored).toEqual(lease.rotation);
          return stepTo(stored, 'abandoned', { credential: { gate: 'open', state: 'active' } });
        });
        expect(after).toEqual({
          ...lease.rotation,
          state: 'abandoned',
          previousState: 'quiescing',
        });
        expect(await list()).toEqual([after]);
        expect(await under.book.find(TEST_ROTATED_REF)).toMatchObject({ gate: 'open', serial: 2 });
        expect(await under.eventTypes('ledger')).toEqual([ROTATION_EVENT('abandoned')]);
      });

      it('tells of the credential as well, and of none where there is no row', async () => {
        const { rotation } = await leasedIn(under, 'staged');
        const seen: unknown[] = [];
        const look = (stored: Rotation, credential?: unknown): ReturnType<typeof stepTo> => {
          seen.push(credential);
          return stepTo(stored, stored.state);
        };
        await under.control.intervene(rotation.id, look);
        await adopted(under);
        await under.control.intervene(rotation.id, look);
        expect(seen).toEqual([undefined, await under.book.find(TEST_ROTATED_REF)]);
        expect(seen[1]).toMatchObject({ ref: TEST_ROTATED_REF, gate: 'open' });
      });

      it('ends the lease: whoever had it can commit nothing more', async () => {
        const lease = await leasedIn(under);
        await under.control.intervene(lease.rotation.id, (stored) => stepTo(stored, 'requested'));
        expect(await under.store.renew(lease, LEASE_MS)).toBe(false);
        const commit = under.store.commit(lease, stepTo(lease.rotation, 'staged'));
        await expect(commit).rejects.toThrow(RotationLeaseLost);
        expect(await under.twin.lease('two', LEASE_MS)).toBeDefined();
      });

      it('knows no rotation that is not there, and asks for no decision on it', async () => {
        const decide = (): never => {
          throw new Error('asked');
        };
        expect(await under.control.intervene('rot_none', decide)).toBeUndefined();
      });

      it('writes nothing when the decision is a refusal', async () => {
        const lease = await leasedIn(under);
        const refusal = under.control.intervene(lease.rotation.id, () => {
          throw new RangeError('not this one');
        });
        await expect(refusal).rejects.toThrow(RangeError);
        expect(await under.store.renew(lease, LEASE_MS)).toBe(true);
      });

      it('writes nothing when the decision is no legal transition', async () => {
        const lease = await leasedIn(under);
        const illegal = under.control.intervene(lease.rotation.id, (stored) =>
          stepTo(stored, 'done'),
        );
        await expect(illegal).rejects.toThrow(TypeError);
        expect(await list()).toEqual([lease.rotation]);
        expect(await under.eventTypes('ledger')).toEqual([]);
      });

      it('lets each of many at once decide on what the one before has left', async () => {
        const { rotation } = await leasedIn(under);
        const approve =
          (operator: string) =>
          (stored: Rotation): ReturnType<typeof stepTo> => ({
            next: { ...stored, approvedBy: [...stored.approvedBy, operator] },
            events: [],
          });
        const operators = Array.from({ length: 8 }, (_, nth) => `sub_${nth}`);
        await Promise.all(
          operators.map((operator) => under.control.intervene(rotation.id, approve(operator))),
        );
        const [stored] = await list();
        expect([...stored!.approvedBy].sort()).toEqual(operators);
      });
    });
  });
}
