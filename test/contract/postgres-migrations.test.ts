import { randomBytes } from 'node:crypto';
import { type QueryRunner } from 'typeorm';
import { migrate, PostgresDatabase, requireMigrated } from '#adapters/postgres';
import { MIGRATIONS } from '#migrations';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const [CreateRoles] = MIGRATIONS;
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

    it('say what to do when the owner may not create the roles, and need no right when they exist', async () => {
      const login = new URL(await server.urlAs('postern_sts'));
      const database = await PostgresDatabase.connect({
        url: login.href,
        applicationName: 'm',
        poolSize: 1,
      });
      const runner = { query: database.query.bind(database) } as unknown as QueryRunner;
      const missing = new CreateRoles(['postern_relay', 'postern_not_there']).up(runner);
      await expect(missing).rejects.toThrow(
        'the database user "postern_sts_test" may not create the roles postern_not_there: ' +
          'let an administrator run deploy/postgres/roles.sql first',
      );
      await expect(new CreateRoles(['postern_relay']).up(runner)).resolves.toBeUndefined();
      await database.close();
    });

    it('cannot be taken back', async () => {
      await expect(new CreateRoles().down()).rejects.toThrow('forward only');
    });
  });
});
