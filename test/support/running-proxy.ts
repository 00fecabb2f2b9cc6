import { readFileSync, writeFileSync } from 'node:fs';
import { PostgresDatabase } from '#adapters/postgres';
import { type EventDataOf } from '#events';
import { parse, stringify } from 'yaml';
import { freePort } from './free-port.js';
import { openBaoAdmin } from './openbao.js';
import { makePosternFolder } from './postern-folder.js';
import { PosternProcess } from './postern-process.js';
import { testPostgres, type TestDatabase } from './postgres.js';
import { type StoredHandle, storedHandle } from './stored-handle.js';
import { until } from './until.js';

export interface RunningProxyOptions {
  /** Of `ledger`. */
  readonly destination: string;
  /** Fields of its secret. */
  readonly secret: Readonly<Record<string, string>>;
  /** Replaces or adds settings of `ledger`. */
  readonly resource?: Readonly<Record<string, unknown>>;
  /** More resources, each as `ledger` but for these settings and its id. */
  readonly more?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** A `proxy` as an operator runs it: a process of its own with a real PostgreSQL and a real OpenBao, and no STS. */
export class RunningProxy {
  private constructor(
    readonly process: PosternProcess,
    readonly port: number,
    private readonly database: TestDatabase,
    private readonly store: PostgresDatabase,
  ) {}

  static async start({
    secret,
    more = {},
    ...options
  }: RunningProxyOptions): Promise<RunningProxy> {
    const database = (await testPostgres(18))!;
    const bao = openBaoAdmin();
    const mount = await bao.mountKv();
    await bao.must('POST', `${mount}/data/ledger`, { data: secret });
    const [port, adminPort] = [await freePort(), await freePort()];
    const credential = { ref: { mount, path: 'ledger' } };
    const folder = await makePosternFolder({
      destination: options.destination,
      listen: { proxy: { public: onLoopback(port), admin: onLoopback(adminPort) } },
      overrides: { prober: { off: 'the test counts connections' } },
      resource: { credential, ...options.resource },
    });
    addResources(folder.configFile, more);
    const process = new PosternProcess({
      app: 'proxy',
      environment: {
        POSTERN_CONFIG: folder.configFile,
        DATABASE_URL: await database.urlAs('postern_proxy'),
        VAULT_ADDR: bao.address,
        VAULT_TOKEN: bao.rootToken,
      },
      readyUrl: `http://127.0.0.1:${adminPort}/readyz`,
    });
    await process.start();
    const url = await database.urlAs('postern_sts');
    const store = await PostgresDatabase.connect({ url, applicationName: 'sts' });
    return new RunningProxy(process, port, database, store);
  }

  issue(resource: string): Promise<StoredHandle> {
    return storedHandle(this.store, { resource });
  }

  /** What `call.completed` says of the first call with a handle; waits for it. */
  async completed(handleId: string): Promise<EventDataOf<'dev.postern.call.completed.v1'>> {
    let found: EventDataOf<'dev.postern.call.completed.v1'> | undefined;
    await until('the call is recorded as completed', async () => {
      const [row] = await this.database.database.query<{ data: typeof found }>(
        `select payload -> 'data' as data from outbox
         where type = 'dev.postern.call.completed.v1' and aggregateid = $1`,
        [handleId],
      );
      found = row?.data;
      return found !== undefined;
    });
    return found!;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await this.store.close();
    await this.database.drop();
  }
}

const onLoopback = (port: number): Record<string, unknown> => ({ host: '127.0.0.1', port });

interface WrittenConfig {
  resources: Record<string, unknown>[];
}

function addResources(file: string, more: NonNullable<RunningProxyOptions['more']>): void {
  const config = parse(readFileSync(file, 'utf8')) as WrittenConfig;
  const [ledger] = config.resources;
  for (const [id, settings] of Object.entries(more)) {
    config.resources.push({ ...structuredClone(ledger), ...settings, id });
  }
  writeFileSync(file, stringify(config));
}
