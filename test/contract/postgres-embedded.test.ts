import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { chmod, mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { EmbeddedPostgres } from '#adapters/embedded';
import { migrate, PostgresDatabase } from '#adapters/postgres';
import { describeWithServer } from '#test-support';

const isRoot = process.getuid?.() === 0;

describeWithServer('embedded PostgreSQL', 'postgres-18', () => {
  let parent: string;
  let folder: string;
  let progress: string[];
  const running: EmbeddedPostgres[] = [];

  const start = async (
    options: { folder?: string; adopt?: boolean } = {},
  ): Promise<EmbeddedPostgres> => {
    const server = await EmbeddedPostgres.start({
      folder,
      onProgress: (message) => progress.push(message),
      ...options,
    });
    running.push(server);
    return server;
  };
  const versionAt = async (url: string): Promise<number> => {
    const database = await PostgresDatabase.connect({ url, applicationName: 'e', poolSize: 1 });
    const [row] = await database
      .query<{ version: number }>(
        `select current_setting('server_version_num')::integer as version`,
      )
      .finally(() => database.close());
    return row!.version;
  };
  const query = async (url: string, text: string): Promise<object[]> => {
    const database = await PostgresDatabase.connect({ url, applicationName: 'e', poolSize: 1 });
    return database.query(text).finally(() => database.close());
  };

  beforeEach(async () => {
    parent = await mkdtemp(path.join(tmpdir(), 'postern-embedded-'));
    await chmod(parent, 0o755);
    folder = path.join(parent, 'postgres');
    progress = [];
  });
  afterEach(async () => {
    for (const server of running.splice(0).reverse()) await server.stop();
    await rm(parent, { recursive: true, force: true });
  });

  it('starts a PostgreSQL 18 that the migrations run on', async () => {
    const { url } = await start();
    expect(Math.floor((await versionAt(url)) / 10_000)).toBe(18);
    expect((await migrate(url)).length).toBeGreaterThan(0);
    expect(new URL(url).hostname).toBe('127.0.0.1');
    expect(progress.join(' ')).not.toContain(new URL(url).password);
  });

  it('wants a password, keeps it to its owner, and stores it by SCRAM', async () => {
    const { url } = await start();
    const wrong = new URL(url);
    wrong.password = '';
    await expect(versionAt(wrong.href)).rejects.toThrow('password');
    const file = path.join(folder, 'password');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readFile(file, 'utf8')).toBe(new URL(url).password);
    expect(
      await query(url, `select 1 from pg_authid where rolpassword like 'SCRAM-SHA-256$%'`),
    ).toHaveLength(1);
  });

  it('listens on loopback only, and on no socket file', async () => {
    const { url } = await start();
    expect(await query(url, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    expect(await query(url, 'show unix_socket_directories')).toEqual([
      { unix_socket_directories: '' },
    ]);
  });

  it('keeps what was written over a stop and a start', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    await first.stop();
    await expect(versionAt(first.url)).rejects.toThrow('nothing listens there');
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('starts faster the second time: it is made once', async () => {
    const took = async (work: () => Promise<unknown>): Promise<number> => {
      const before = performance.now();
      await work();
      return performance.now() - before;
    };
    const firstMs = await took(start);
    await running[0]!.stop();
    expect(await took(start)).toBeLessThan(Math.max(firstMs, 5_000));
  });

  it('refuses a folder that a living process uses, unless it is to join', async () => {
    const first = await start();
    await expect(start()).rejects.toThrow(`is in use by process ${process.pid}`);
    const joined = await start({ adopt: true });
    expect(joined.url).toBe(first.url);
    await joined.stop();
    expect(await versionAt(first.url)).toBeGreaterThan(0);
  });

  it('owns the folder when it is to join and nobody is there', async () => {
    const alone = await start({ adopt: true });
    await alone.stop();
    await expect(versionAt(alone.url)).rejects.toThrow('nothing listens there');
  });

  it('takes over the server that a killed process left running', async () => {
    const first = await start();
    await writeFile(path.join(folder, 'owner'), '999999999'); // No such process.
    const second = await start();
    expect(second.url).toBe(first.url);
    expect(progress.join('\n')).toContain('that still runs');
    await second.stop();
    await expect(versionAt(first.url)).rejects.toThrow('nothing listens there');
  });

  it('starts after a power cut: files of a server that is gone, and a half-made data directory', async () => {
    const first = await start();
    await query(first.url, 'create table kept as select 42 as answer');
    const pid = Number(
      (await readFile(path.join(folder, 'data', 'postmaster.pid'), 'utf8')).split('\n')[0],
    );
    process.kill(pid, 'SIGKILL');
    await writeFile(path.join(folder, 'owner'), '999999999');
    await mkdir(path.join(folder, 'data.new'));
    const second = await start();
    expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }]);
  });

  it('says what the server said when it cannot start', async () => {
    await (await start()).stop();
    await writeFile(path.join(folder, 'data', 'postgresql.auto.conf'), 'no_such_setting = 1\n');
    await expect(start()).rejects.toThrow('no_such_setting');
    await writeFile(path.join(folder, 'data', 'postgresql.auto.conf'), '');
    await start();
  });

  (isRoot ? it : it.skip)(
    'keeps its files elsewhere when root asks for a folder that the server may not enter',
    async () => {
      await chmod(parent, 0o700);
      const { url } = await start();
      expect(await versionAt(url)).toBeGreaterThan(0);
      const told = progress.find((message) => message.includes('may not enter'));
      const instead = /\/var\/lib\/postern\/[0-9a-f]{16}/.exec(told ?? '')![0];
      await running.pop()!.stop();
      await rm(instead, { recursive: true });
    },
  );
});
