import { PostgresLoginBudget, PostgresRotationStore } from '#adapters/postgres';
import { DependencyUnavailable } from '#kernel';
import {
  aDueRotation,
  aRotation,
  credentialBreakerContract,
  credentialCensusContract,
  credentialRefusalsContract,
  loginBudgetContract,
  rotationCommitContract,
  rotationInterventionContract,
  rotationStoreContract,
  type RotationStoresUnderTest,
  rotationUpkeepContract,
  stepTo,
  TEST_ROTATED_REF,
} from '#testing';
import { describeWithServer } from '#test-support';
import { RotationFixture } from './rotation-fixture.js';

const POOLS = 3;
const AT_ONCE = 64;
const SEALED = 'eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.sealed';

// Nothing in it is new in one of them; the older one has its turn in the long run.
const MAJORS =
  process.env['POSTERN_TEST_VOLUME'] === 'long' ? ([18, 15] as const) : ([18] as const);

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('rotations', `postgres-${major}`, () => {
    let fixture: RotationFixture;
    let under: RotationStoresUnderTest;

    beforeAll(async () => {
      fixture = await RotationFixture.open(major);
      under = await fixture.stores();
    });
    beforeEach(() => fixture.reset());
    afterAll(() => fixture.close());

    rotationStoreContract(async () => under);
    rotationInterventionContract(async () => under);
    credentialRefusalsContract(async () => under);
    rotationCommitContract(async () => under);
    credentialCensusContract(async () => under);
    credentialBreakerContract(async () => under);
    loginBudgetContract(async () => under);
    rotationUpkeepContract(async () => under);

    it('lets exactly two of 64 logins begin that are reserved at once over three pools', async () => {
      const budgets = await Promise.all(
        Array.from({ length: POOLS }, async () => {
          return new PostgresLoginBudget(await fixture.as('postern_rotator'));
        }),
      );
      const reservations = await Promise.all(
        Array.from({ length: AT_ONCE }, (_, nth) =>
          budgets[nth % POOLS]!.reserve(TEST_ROTATED_REF, { failuresMax: 2, perSeconds: 900 }),
        ),
      );
      expect(reservations.filter(({ kind }) => kind === 'reserved')).toHaveLength(2);
      expect(reservations.filter(({ kind }) => kind === 'spent')).toHaveLength(AT_ONCE - 2);
    });

    it('lets control give a rotation up, and change no version', async () => {
      const { book, control, store } = under;
      await book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 1 }, []);
      const rotation = aDueRotation(under, { state: 'quiescing' });
      await store.request(rotation, []);
      const change = { gate: 'open', state: 'active', currentVersion: 2 } as const;
      const forbidden = control.intervene(rotation.id, (stored) =>
        stepTo(stored, 'abandoned', { credential: change }),
      );
      await expect(forbidden).rejects.toThrow('permission denied');
      expect(await book.find(TEST_ROTATED_REF)).toMatchObject({ currentVersion: 1, serial: 1 });
      expect((await store.list({ limit: 1 }))[0]?.state).toBe('quiescing');
    });

    it('forgets the instances, refusals and logins that count no more', async () => {
      const { book, budget, census, upkeep } = under;
      await book.adopt({ ref: TEST_ROTATED_REF, resource: 'ledger', version: 1 }, []);
      await census.report({ instanceId: 'one', credentials: [] });
      const refusal = { ref: TEST_ROTATED_REF, version: 1, status: 401, fallbackWorked: false };
      await census.refused([{ ...refusal, callId: 'call_1' }]);
      await budget.reserve(TEST_ROTATED_REF, { failuresMax: 2, perSeconds: 900 });
      await upkeep.firstSeen('f1', 'rot_1');
      const counts = async (): Promise<unknown> =>
        (
          await fixture.server.database.query(
            `select (select count(*)::integer from proxy_instance) as instances,
               (select count(*)::integer from credential_refusal) as refusals,
               (select count(*)::integer from login_attempt) as logins,
               (select count(*)::integer from wrap_receipt) as receipts`,
          )
        )[0];
      await upkeep.purge();
      expect(await counts()).toEqual({ instances: 1, refusals: 1, logins: 1, receipts: 1 });
      await fixture.pass(2 * 3600);
      await upkeep.purge();
      expect(await counts()).toEqual({ instances: 0, refusals: 0, logins: 1, receipts: 1 });
      await fixture.pass(366 * 24 * 3600);
      await upkeep.purge();
      expect(await counts()).toEqual({ instances: 0, refusals: 0, logins: 0, receipts: 0 });
    });

    it('G8: takes no private half of an intake key', async () => {
      const jwk = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'private' };
      await expect(under.intakeKeys.publish({ kid: 'k', jwk })).rejects.toThrow('check constraint');
      expect(await under.intakeKeys.current()).toBeUndefined();
    });

    it('G8: holds the sealed wrapping token in its own column, and of one that has ended in none', async () => {
      const wrap = {
        sealedToken: SEALED,
        fingerprint: 'f',
        told: undefined,
        unwrapStartedAt: undefined,
      };
      const rotation = aDueRotation(under, { wrap });
      await under.store.request(rotation, []);
      const holding = async (): Promise<number> => {
        const rows = await fixture.server.database.query(
          'select 1 from rotation where rotation::text like $1',
          [`%${SEALED}%`],
        );
        return rows.length;
      };
      expect(await holding()).toBe(1);
      await under.control.intervene(rotation.id, (stored) => stepTo(stored, 'abandoned'));
      expect(await holding()).toBe(0);
    });

    it('keeps what PostgreSQL cannot hold of a text as a replacement', async () => {
      const rotation = aDueRotation(under, { reason: 'a\0b\ud800' });
      await under.store.request(rotation, []);
      expect((await under.store.list({ limit: 1 }))[0]?.reason).toBe('a\ufffdb\ufffd');
    });

    it('says that it is not reachable', async () => {
      const closed = await fixture.as('postern_rotator', 1);
      await closed.close();
      const store = new PostgresRotationStore(closed);
      await expect(store.request(aRotation(), [])).rejects.toThrow(DependencyUnavailable);
      await expect(store.lease('one', 1)).rejects.toThrow(DependencyUnavailable);
      const reserve = new PostgresLoginBudget(closed).reserve(TEST_ROTATED_REF, {
        failuresMax: 2,
        perSeconds: 900,
      });
      await expect(reserve).rejects.toThrow(DependencyUnavailable);
    });
  });
});
