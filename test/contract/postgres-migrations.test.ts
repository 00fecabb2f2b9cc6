import { randomBytes } from 'node:crypto';
import { migrate, PostgresDatabase, requireMigrated } from '#adapters/postgres';
import { MIGRATIONS } from '#migrations';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const NAMES = MIGRATIONS.map((migration) => new migration().name);

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('migrations', `postgres-${major}`, () => {
    let server: TestDatabase;
    let name: string;
    let url: string;

    beforeAll(async () => {
      server = (await testPostgres(major))!;
    });
    beforeEach(async () => {
      name = `postern_test_${randomBytes(6).toString('hex')}`;
      await server.database.query(`create database ${name}`);
      const parsed = new URL(server.url);
      parsed.pathname = `/${name}`;
      url = parsed.href;
    });
    afterEach(() => server.database.query(`drop database ${name} with (force)`));
    afterAll(() => server.drop());

    const onIt = async <T>(work: (database: PostgresDatabase) => Promise<T>): Promise<T> => {
      const database = await PostgresDatabase.connect({ url, applicationName: 'm', poolSize: 1 });
      return work(database).finally(() => database.close());
    };

    it('run once, in their order, and have nothing to do the second time', async () => {
      expect(await migrate(url)).toEqual(NAMES);
      expect(await migrate(url)).toEqual([]);
      await expect(onIt(requireMigrated)).resolves.toBeUndefined();
    });

    it('run once when several start at once', async () => {
      const ran = await Promise.all(Array.from({ length: 4 }, () => migrate(url)));
      expect(ran.flat()).toEqual(NAMES);
    });

    it('are found missing by a process that may not run them', async () => {
      await expect(onIt(requireMigrated)).rejects.toThrow(`lacks ${NAMES.join(', ')}`);
    });

    it('say what to do when the user is not the owner', async () => {
      const login = new URL(await server.urlAs('postern_sts'));
      login.pathname = `/${name}`;
      await expect(migrate(login.href)).rejects.toThrow('must name the owner of the database');
    });

    it('say what to do when the owner may not create the roles', async () => {
      const owner = `${name}_owner`;
      // Roles are the server's: these exist already, and only a name that does not is refused.
      await server.database.query(`create role ${owner} login password 'owner' nocreaterole`);
      await server.database.query(`alter database ${name} owner to ${owner}`);
      const login = new URL(url);
      login.username = owner;
      login.password = 'owner';
      await server.database.query('alter role postern_relay rename to postern_relay_away');
      const failure = await migrate(login.href).then(
        () => 'migrated',
        (error: unknown) => (error as Error).message,
      );
      await server.database.query('alter role postern_relay_away rename to postern_relay');
      await server.database.query(`alter database ${name} owner to current_user`);
      await server.database.query(`drop role ${owner}`);
      expect(failure).toContain('may not create the roles postern_relay');
      expect(failure).toContain('deploy/postgres/roles.sql');
    });
  });
});
