import {
  PostgresCredentialCensus,
  PostgresDatabase,
  type PostgresSession,
} from '#adapters/postgres';
import { type InstanceReport } from '#credentials';
import { DependencyUnavailable } from '#kernel';
import { type LeasedRotation, type RotationStep } from '#rotation';
import {
  adopted,
  aReport,
  calls,
  leasedIn,
  type RotationStoresUnderTest,
  stepTo,
  TEST_ROTATED_REF,
} from '#testing';
import { describeWithServer } from '#test-support';
import { until } from '../support/until.js';
import { type Race, RacingInstance } from './racing-instance.js';
import { proxyEvents, RotationFixture } from './rotation-fixture.js';

const REPORT = 'select serial, gate from report_census($1, $2, $3, $4::jsonb)';
const RUN = 'b1a8b1a8-0000-4000-8000-000000000000';
const ROUNDS = 40;
/** When chance was one-sided it goes on, so that each outcome was met; at most so often. */
const ROUNDS_MAX = 600;

/** What a proxy sends, in its own session, so that a test can hold its commit back. */
const told = (report: InstanceReport): string =>
  JSON.stringify(report.credentials.map(({ ref, ...more }) => ({ ...ref, ...more })));

// Locks are the same on both; the older one is raced in the long run.
const MAJORS =
  process.env['POSTERN_TEST_VOLUME'] === 'long' ? ([18, 15] as const) : ([18] as const);

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('reports and the gate', `postgres-${major}`, () => {
    let fixture: RotationFixture;
    let under: RotationStoresUnderTest;
    let lease: LeasedRotation;
    const sessions: PostgresSession[] = [];

    beforeAll(async () => {
      fixture = await RotationFixture.open(major);
      under = await fixture.stores();
    });
    beforeEach(async () => {
      await fixture.reset();
      await adopted(under);
      lease = await leasedIn(under, 'quiescing');
    });
    afterEach(() => Promise.all(sessions.splice(0).map((session) => session.close())));
    afterAll(() => fixture.close());

    const sessionAs = async (role: 'postern_proxy' | 'postern_rotator') => {
      const url = await fixture.server.urlAs(role);
      const database = await PostgresDatabase.connect({ url, applicationName: role, poolSize: 1 });
      const session = await database.dedicated();
      sessions.push({ ...session, isOpen: true, close: () => database.close() });
      sessions.push(session);
      return session;
    };
    const closing = (): RotationStep =>
      stepTo(lease.rotation, 'applying', { credential: { gate: 'held' }, onlyWhenQuiet: true });
    const close = () => under.store.commit(lease, closing());
    const waits = (): Promise<boolean> =>
      fixture.server.database
        .query(
          `select 1 from pg_locks where locktype = 'advisory' and objid = 600 and not granted
             and database = (select oid from pg_database where datname = current_database())`,
        )
        .then((rows) => rows.length > 0);
    const quiet = aReport('one', { holding: true, uses: calls(0) });

    it('sees a report that is about to be committed, and waits for it', async () => {
      await under.otherCensus.report(quiet);
      const proxy = await sessionAs('postern_proxy');
      await proxy.query('begin');
      await proxy.query(REPORT, ['two', RUN, 1, told(aReport('two', { holding: false }))]);
      const outcome = close();
      await until('somebody waits for the lock', waits);
      await proxy.query('commit');
      expect(await outcome).toBe('not_quiet');
      expect(await under.book.find(TEST_ROTATED_REF)).toMatchObject({ gate: 'open', serial: 1 });
    });

    it('sees that such a report holds its calls, and closes the gate', async () => {
      const proxy = await sessionAs('postern_proxy');
      await proxy.query('begin');
      await proxy.query(REPORT, ['one', RUN, 1, told(quiet)]);
      const outcome = close();
      await until('somebody waits for the lock', waits);
      await proxy.query('commit');
      expect(await outcome).toBe('committed');
    });

    it('does nothing when a report does not come to its end, and lets the others through', async () => {
      const proxy = await sessionAs('postern_proxy');
      await proxy.query('begin');
      await proxy.query(REPORT, ['stuck', RUN, 1, told(aReport('stuck'))]);
      const outcome = close();
      await until('somebody waits for the lock', waits);
      const behind = under.otherCensus.report(quiet);
      expect(await outcome).toBe('not_quiet');
      expect(await behind).toMatchObject([{ gate: 'open' }]);
    });

    it('answers a report that comes while the gate is being closed with the closed gate', async () => {
      await under.census.report(quiet);
      const rotator = await sessionAs('postern_rotator');
      await rotator.query('begin');
      await rotator.query(`update credential set gate = 'held', serial = serial + 1`);
      const [row] = await rotator.query<{ quiet: boolean }>(
        `select census_is_quiet($1, $2, 1) as quiet`,
        [TEST_ROTATED_REF.mount, TEST_ROTATED_REF.path],
      );
      expect(row).toEqual({ quiet: true });
      const answer = under.census.report(aReport('one', { holding: false }));
      const newcomer = under.otherCensus.report({ instanceId: 'new', credentials: [] });
      await until('somebody waits for the lock', waits);
      await rotator.query('commit');
      expect(await answer).toMatchObject([{ gate: 'held', serial: 2 }]);
      expect(await newcomer).toMatchObject([{ gate: 'held', serial: 2 }]);
    });

    it('records no report that was overtaken by a later one of its process, and does not answer it', async () => {
      const proxy = await sessionAs('postern_proxy');
      const later = told(aReport('one', { holding: false, uses: calls(2) }));
      await proxy.query(REPORT, ['one', RUN, 2, later]);
      const overtaken = proxy.query(REPORT, ['one', RUN, 1, told(quiet)]);
      await expect(overtaken).rejects.toThrow('overtaken');
      await expect(proxy.query(REPORT, ['one', RUN, 2, told(quiet)])).rejects.toThrow('overtaken');
      expect(await close()).toBe('not_quiet');
    });

    it('says to the process that its report was overtaken', async () => {
      const proxy = await fixture.as('postern_proxy', 2);
      const census = new PostgresCredentialCensus(proxy, proxyEvents);
      const blocker = await sessionAs('postern_rotator');
      await blocker.query('begin');
      await blocker.query('select pg_advisory_xact_lock(1886352244, 600)');
      const both = [census.report(quiet), census.report(aReport('one'))];
      await until('somebody waits for the lock', waits);
      await blocker.query('rollback');
      const outcomes = await Promise.allSettled(both);
      // In whichever order the server took them, the later one counts.
      expect(outcomes[1]?.status).toBe('fulfilled');
      const failed = outcomes.flatMap((one) =>
        one.status === 'rejected' ? [one.reason as unknown] : [],
      );
      for (const reason of failed) expect(reason).toBeInstanceOf(DependencyUnavailable);
      const [use] = await under.book.instances(TEST_ROTATED_REF);
      expect(use).toMatchObject({ holding: false });
    });

    it('takes the same instance id of another process for another instance', async () => {
      await under.census.report(aReport('one', { uses: calls(1) }));
      await under.otherCensus.report(quiet);
      expect(await under.book.instances(TEST_ROTATED_REF)).toHaveLength(2);
      expect(await close()).toBe('not_quiet');
      await under.otherCensus.leave('one');
      expect(await under.book.instances(TEST_ROTATED_REF)).toMatchObject([{ holding: false }]);
    });

    it('G7: never closes the gate when an instance was let go, in any order of reports', async () => {
      const databases = await Promise.all(
        Array.from({ length: 3 }, () => fixture.as('postern_proxy', 2)),
      );
      const race = { isHeld: false, isOver: false, overtaken: 0, letGo: 0 };
      const instances = databases.map(
        (database, nth) =>
          new RacingInstance(
            `instance-${nth}`,
            new PostgresCredentialCensus(database, proxyEvents),
            race,
            nth + 1,
          ),
      );
      const running = Promise.all(instances.map((instance) => instance.run()));
      const tally = { committed: 0, not_quiet: 0 };
      try {
        const isRaced = () =>
          Math.min(tally.committed, tally.not_quiet) > 3 && race.letGo > 10 && race.overtaken > 0;
        for (let round = 0; round < ROUNDS || (!isRaced() && round < ROUNDS_MAX); round += 1) {
          const outcome = await closeOnce(under, lease, instances);
          tally[outcome] += 1;
          race.isHeld = outcome === 'committed';
          const free = instances.filter(({ isFree }) => isFree).map(({ id }) => id);
          if (race.isHeld) expect(free).toEqual([]);
          await reopen(under, lease, race);
        }
      } finally {
        race.isOver = true;
      }
      await running;
      expect(instances.flatMap(({ breaches }) => breaches)).toEqual([]);
      // The race was one: each thing that can happen did.
      expect(tally.committed).toBeGreaterThan(3);
      expect(tally.not_quiet).toBeGreaterThan(3);
      expect(race.letGo).toBeGreaterThan(10);
      expect(race.overtaken).toBeGreaterThan(0);
    }, 120_000);
  });
});

/** Quiescing, then one try to close the gate as soon as all hold, or at some moment. */
async function closeOnce(
  { store, book }: RotationStoresUnderTest,
  lease: LeasedRotation,
  instances: readonly RacingInstance[],
): Promise<'committed' | 'not_quiet'> {
  const quiescing = stepTo(lease.rotation, 'quiescing', { credential: { gate: 'quiescing' } });
  await store.commit(lease, quiescing);
  const serial = (await book.find(TEST_ROTATED_REF))!.serial;
  await until('all have heard of it', () => instances.every((one) => one.knownSerial >= serial));
  const closing = stepTo(lease.rotation, 'applying', {
    credential: { gate: 'held' },
    onlyWhenQuiet: true,
  });
  for (let attempt = 0; attempt < 6; attempt += 1) {
    if ((await store.commit(lease, closing)) === 'committed') return 'committed';
  }
  return 'not_quiet';
}

/** The gate opens, whether it was held or not. */
async function reopen(
  { store }: RotationStoresUnderTest,
  lease: LeasedRotation,
  race: Race,
): Promise<void> {
  race.isHeld = false;
  await store.commit(lease, stepTo(lease.rotation, 'staged', { credential: { gate: 'open' } }));
}
