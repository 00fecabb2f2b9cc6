import path from 'node:path';
import { mkdir } from 'node:fs/promises';
import { EmbeddedPostgres } from '#adapters/embedded';
import { testPostgres, type TestDatabase } from '../support/postgres.js';
import { familyCpuSeconds, parentOf } from './cpu-time.js';
import { type Running } from './running.js';

const FOLDER = '.test-servers/bench-postgres-18';

/** PostgreSQL 18 with its defaults, for the bench alone: what it uses is what the bench made it use. */
export class BenchPostgres {
  private constructor(
    readonly database: TestDatabase,
    private readonly serverPid: number,
  ) {}

  static async start(running: Running): Promise<BenchPostgres> {
    const folder = path.resolve(FOLDER);
    await mkdir(path.dirname(folder), { recursive: true, mode: 0o755 });
    const onProgress = (message: string): void => void process.stderr.write(`${message}\n`);
    const server = await EmbeddedPostgres.start({ folder, onProgress });
    running.add(() => server.stop());
    process.env['POSTERN_TEST_POSTGRES_18_URL'] = server.url;
    const database = await testPostgres(18);
    if (database === undefined) throw new Error('the bench needs PostgreSQL 18');
    running.add(() => database.drop());
    return new BenchPostgres(database, await serverPidOf(database));
  }

  /** Of the server with all of its processes. */
  cpuSeconds(): number {
    return familyCpuSeconds(this.serverPid);
  }

  async count(table: string): Promise<number> {
    const [row] = await this.database.database.query<{ total: string }>(
      `select count(*) as total from ${table}`,
    );
    return Number(row?.total);
  }

  /** `fsync=on, synchronous_commit=on`: that what is measured is durable. */
  async durability(): Promise<string> {
    const rows = await this.database.database.query<{ name: string; setting: string }>(
      `select name, setting from pg_settings where name in ('fsync', 'synchronous_commit') order by name`,
    );
    return rows.map(({ name, setting }) => `${name}=${setting}`).join(', ');
  }
}

async function serverPidOf({ database }: TestDatabase): Promise<number> {
  const [row] = await database.query<{ pid: number }>('select pg_backend_pid() as pid');
  return parentOf(row?.pid ?? 0);
}
