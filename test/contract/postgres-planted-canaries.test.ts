import { PostgresCanaryStore, PostgresDatabase, PostgresLiveCanaries } from '#adapters/postgres';
import { aCanary, aDenialEvent, canaryStoreContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const ROLES = ['postern_control', 'postern_proxy', 'postern_sts'] as const;
type Role = (typeof ROLES)[number];

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('planted canaries', `postgres-${major}`, () => {
    let server: TestDatabase;
    const databases = new Map<Role, PostgresDatabase>();

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      for (const role of ROLES) {
        const url = await server.urlAs(role);
        databases.set(role, await PostgresDatabase.connect({ url, applicationName: role }));
      }
    });
    beforeEach(() => server.empty('planted_canary', 'outbox', 'event_sequence'));
    afterAll(async () => {
      for (const database of databases.values()) await database.close();
      await server.drop();
    });

    const store = (): PostgresCanaryStore =>
      new PostgresCanaryStore(databases.get('postern_control')!);

    canaryStoreContract(async () => ({
      canaries: store(),
      twin: store(),
      recorded: (key) =>
        server.database.query<{ id: string }>(
          'select id from outbox where aggregateid = $1 order by seq',
          [key],
        ),
      close: async () => undefined,
    }));

    it.each(['postern_proxy', 'postern_sts'] as const)(
      'tells %s which are live, and nothing else of them',
      async (role) => {
        const { id, digest, ...canary } = aCanary();
        await store().plant({ id, digest, ...canary }, aDenialEvent('canary'));
        const database = databases.get(role)!;
        expect(await new PostgresLiveCanaries(database).live()).toEqual([{ id, digest }]);
        await expect(database.query('select note from planted_canary')).rejects.toThrow();
        await expect(
          database.query('update planted_canary set ended_at = now()'),
        ).rejects.toThrow();
      },
    );

    it('keeps the digest of what was planted, and never forgets one', async () => {
      const canary = aCanary();
      await store().plant(canary, aDenialEvent('canary'));
      const rows = await server.database.query<{ digest: Buffer }>(
        'select digest from planted_canary',
      );
      expect(rows).toEqual([{ digest: Buffer.from(canary.digest, 'hex') }]);
      const control = databases.get('postern_control')!;
      await expect(control.query('delete from planted_canary')).rejects.toThrow();
    });
  });
});
