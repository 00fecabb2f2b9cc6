import {
  PostgresDatabase,
  PostgresRestrictedExchanges,
  PostgresRestrictionStore,
  PostgresStandingRestrictions,
  PostgresUsualExchanges,
} from '#adapters/postgres';
import { secondsAfter } from '#kernel';
import { aRestriction, DETECTION_AT, HANDLE_ISSUED_AT, restrictionsContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const ROLES = ['postern_control', 'postern_proxy', 'postern_sts'] as const;
type Role = (typeof ROLES)[number];

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('restrictions', `postgres-${major}`, () => {
    let server: TestDatabase;
    const databases = new Map<Role, PostgresDatabase>();

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      for (const role of ROLES) {
        const url = await server.urlAs(role);
        databases.set(role, await PostgresDatabase.connect({ url, applicationName: role }));
      }
    });
    beforeEach(() => server.empty('restriction', 'restriction_use', 'outbox', 'event_sequence'));
    afterAll(async () => {
      for (const database of databases.values()) await database.close();
      await server.drop();
    });

    const as = (role: Role): PostgresDatabase => databases.get(role)!;

    restrictionsContract(async () => ({
      restrictions: new PostgresRestrictionStore(as('postern_control')),
      exchanges: new PostgresRestrictedExchanges(as('postern_sts')),
      twin: new PostgresRestrictedExchanges(as('postern_sts')),
      fill: async (count, until) => {
        await server.database.query(
          `insert into restriction (id, detection_id, rule, kind, entity_id, imposed_at, until)
           select 'rst_' || n, 'det_1', 'D09', 'source_block', 'office', $2, $3
           from generate_series(1, $1) as n`,
          [count, HANDLE_ISSUED_AT, until],
        );
      },
      recorded: (key) =>
        server.database.query<{ id: string }>(
          'select id from outbox where aggregateid = $1 order by seq',
          [key],
        ),
      close: async () => undefined,
    }));

    it('is read by the proxy too', async () => {
      await server.database.query(
        `insert into restriction (id, detection_id, rule, kind, entity_id, imposed_at, until)
         values ('rst_1', 'det_1', 'D09', 'source_block', 'office', $1, $2)`,
        [HANDLE_ISSUED_AT, secondsAfter(HANDLE_ISSUED_AT, 60)],
      );
      const standing = new PostgresStandingRestrictions(as('postern_proxy'));
      const expected = aRestriction(
        { kind: 'source_block', entityId: 'office' },
        { id: 'rst_1', rule: 'D09', until: secondsAfter(HANDLE_ISSUED_AT, 60) },
      );
      expect(await standing.standing(HANDLE_ISSUED_AT)).toEqual([expected]);
    });

    it.each([
      ['no end within the hour', `'office', now(), now() + interval '61 minutes', null`],
      ['an end before its beginning', `'office', now(), now(), null`],
      ['nobody', `'', now(), now() + interval '1 minute', null`],
      ['a limit of what is blocked', `'office', now(), now() + interval '1 minute', 5`],
    ])('has none with %s', async (_, values) => {
      const made = server.database.query(
        `insert into restriction (id, detection_id, rule, kind, entity_id, imposed_at, until, amount)
         values ('rst_1', 'det_1', 'D09', 'source_block', ${values})`,
      );
      await expect(made).rejects.toThrow();
    });

    describe('what is usual', () => {
      const summed = (minutesBefore: number, resource: string, exchanges: number, permitted = 1) =>
        server.database.query(
          `insert into exchange_rollup (bucket, subject_id, resource, zone, client_ip, exchanges, permitted)
           values ($1, 'sub_1', $2, 'z', '192.0.2.1', $3, $4)`,
          [secondsAfter(DETECTION_AT, -60 * minutesBefore), resource, exchanges, permitted],
        );
      const usual = (): Promise<unknown> =>
        new PostgresUsualExchanges(as('postern_control')).before('sub_1', DETECTION_AT);

      beforeEach(() => server.empty('exchange_rollup'));

      it('is what the workload did until seventy minutes before, of two weeks', async () => {
        await summed(71, 'ledger', 30);
        await summed(71, 'archive', 12);
        await summed(5_000, 'payroll', 7);
        await summed(69, 'vault', 900);
        await summed(21 * 1_440, 'old', 900);
        expect(await usual()).toEqual({
          exchanges: 42,
          resources: ['archive', 'ledger', 'payroll'],
        });
      });

      it('has no resource that was only asked for, and nothing of a workload that is new', async () => {
        expect(await usual()).toEqual({ exchanges: 0, resources: [] });
        await summed(100, 'ledger', 3, 0);
        expect(await usual()).toEqual({ exchanges: 3, resources: [] });
      });
    });
  });
});
