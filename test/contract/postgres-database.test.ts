import { createServer, type Server } from 'node:net';
import { type PostgresConnection, PostgresDatabase } from '#adapters/postgres';
import { DependencyUnavailable } from '#kernel';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const changed = (url: string, change: (url: URL) => void): string => {
  const parsed = new URL(url);
  change(parsed);
  return parsed.href;
};
const connect = (url: string): Promise<PostgresDatabase> =>
  PostgresDatabase.connect({ url, applicationName: 'postgres-database-test', poolSize: 3 });

const FAILURES: readonly (readonly [what: string, change: (url: URL) => void, reason: string])[] = [
  ['a wrong password', (url) => (url.password = 'wrong-password'), 'wrong user or password'],
  ['an unknown user', (url) => (url.username = 'nobody_here'), 'wrong user or password'],
  ['an unknown database', (url) => (url.pathname = '/not_here'), 'no such database'],
  ['a port where nothing listens', (url) => (url.port = '1'), 'nothing listens there'],
  ['an unknown host', (url) => (url.hostname = 'not.invalid'), 'does not resolve'],
];

describe('connecting to what is no PostgreSQL', () => {
  it('gives up on a server that takes the connection and never answers', async () => {
    const mute: Server = createServer(() => undefined);
    const port = await new Promise<number>((resolve) =>
      mute.listen(0, '127.0.0.1', () => {
        const address = mute.address();
        resolve(typeof address === 'object' ? address!.port : 0);
      }),
    );
    const failure = connect(`postgres://u:p@127.0.0.1:${port}/d`);
    await expect(failure).rejects.toThrow(DependencyUnavailable);
    mute.close();
  });
});

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('database', `postgres-${major}`, () => {
    let server: TestDatabase;

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      await server.database.query('create table tried (id integer primary key)');
    });
    beforeEach(() => server.database.query('truncate tried'));
    afterAll(() => server.drop());

    const rows = (): Promise<{ id: number }[]> =>
      server.database.query('select id from tried order by id');

    describe('connecting', () => {
      it.each(FAILURES)('says where and why: %s', async (_, change, reason) => {
        const url = changed(server.url, change);
        const { hostname, port, pathname } = new URL(url);
        const failure = connect(url);
        await expect(failure).rejects.toThrow(DependencyUnavailable);
        await expect(failure).rejects.toThrow(reason);
        await expect(failure).rejects.toThrow(
          `host ${hostname}, port ${port}, database "${pathname.slice(1)}"`,
        );
      });

      it('never tells the password', async () => {
        const url = changed(server.url, (parsed) => (parsed.pathname = '/not_here'));
        const { password } = new URL(url);
        await expect(connect(url)).rejects.not.toThrow(password);
      });

      it.each(['', 'localhost:5432', 'mysql://u:secret@h/d', 'postgres://:::'])(
        'refuses what is no PostgreSQL URL, without repeating it: %p',
        async (url) => {
          await expect(connect(url)).rejects.toThrow('postgres://user:password@host:port/database');
          await expect(connect(url)).rejects.not.toThrow('secret');
        },
      );
    });

    describe('statements', () => {
      it('prepares a named statement once and runs it again', async () => {
        const url = server.url;
        const database = await PostgresDatabase.connect({ url, applicationName: 'p', poolSize: 1 });
        for (const n of [1, 2, 3]) {
          expect(
            await database.query('select $1::integer as n', [n], { name: 'prepared' }),
          ).toEqual([{ n }]);
        }
        const prepared = await database.query(
          `select 1 from pg_prepared_statements where name = 'prepared'`,
        );
        await database.close();
        expect(prepared).toHaveLength(1);
      });

      it('throws what the server says of a wrong statement, and goes on', async () => {
        await expect(server.database.query('select no_such_column')).rejects.toThrow(
          'no_such_column',
        );
        await expect(server.database.ping()).resolves.toBeUndefined();
      });

      it('opens a new connection after the server ended all of them', async () => {
        const database = await connect(server.url);
        await server.database.query(
          `select pg_terminate_backend(pid, 5000) from pg_stat_activity
           where application_name = 'postgres-database-test'`,
        );
        for (let tries = 0; tries < 20; tries += 1) await database.ping().catch(() => undefined);
        await expect(database.ping()).resolves.toBeUndefined();
        await database.close();
      });

      it('is unavailable after it was closed', async () => {
        const database = await connect(server.url);
        await database.close();
        await expect(database.ping()).rejects.toThrow(DependencyUnavailable);
        await expect(database.close()).resolves.toBeUndefined();
      });
    });

    describe('transactions', () => {
      it('commits what the work did', async () => {
        const result = await server.database.transaction(async (connection) => {
          await connection.query('insert into tried values (1), (2)');
          return 'done';
        });
        expect(result).toBe('done');
        expect(await rows()).toEqual([{ id: 1 }, { id: 2 }]);
      });

      it('takes everything back when the work fails, and the connection is of use again', async () => {
        const failing = server.database.transaction(async (connection) => {
          await connection.query('insert into tried values (1)');
          throw new RangeError('no');
        });
        await expect(failing).rejects.toThrow(RangeError);
        expect(await rows()).toEqual([]);
      });

      it('runs both of two that block each other, one of them again', async () => {
        await server.database.query('insert into tried values (10), (20)');
        let runs = 0;
        let holding = 0;
        let bothHold: () => void = () => undefined;
        const haveBoth = new Promise<void>((resolve) => {
          bothHold = resolve;
        });
        const lock = (connection: PostgresConnection, id: number): Promise<unknown> =>
          connection.query('select 1 from tried where id = $1 for update', [id]);
        const swap = (first: number, second: number): Promise<void> =>
          server.database.transaction(async (connection) => {
            runs += 1;
            await lock(connection, first);
            holding += 1;
            if (holding === 2) bothHold();
            await haveBoth; // At the first time each holds what the other wants.
            await lock(connection, second);
          });
        await expect(Promise.all([swap(10, 20), swap(20, 10)])).resolves.toHaveLength(2);
        expect(runs).toBeGreaterThan(2);
      });

      it('gives a dedicated session that knows when it was ended', async () => {
        const session = await server.database.dedicated();
        const [own] = await session.query<{ pid: number }>('select pg_backend_pid() as pid');
        expect(session.isOpen).toBe(true);
        await server.database.query('select pg_terminate_backend($1, 5000)', [own!.pid]);
        await expect(session.query('select 1')).rejects.toThrow(DependencyUnavailable);
        expect(session.isOpen).toBe(false);
        await session.close();
      });
    });
  });
});
