import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { PostgresDatabase } from '#adapters/postgres';
import { openBaoAdmin, type TestDatabase, testPostgres } from '#test-support';
import { freePort } from '../support/free-port.js';
import { makePosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { SoakHandles } from './soak-handles.js';
import { resourceSettings, RESOURCES } from './soak-settings.js';

const BACKEND = 'dist/test/support/soak/legacy-backend.js';

interface WorldParts {
  readonly database: TestDatabase;
  readonly handles: SoakHandles;
  readonly proxy: PosternProcess;
  /** Of the proxy. */
  readonly origin: string;
  readonly adminOrigin: string;
  /** As DPoP proofs name it. */
  readonly publicOrigin: string;
  readonly backend: Backend;
  /** Of the secrets. */
  readonly mount: string;
  /** That handles are issued through. */
  readonly store: PostgresDatabase;
}

/** The app `proxy` as in production, what it stands on, and destinations, each a process of its own. */
export class SoakWorld {
  #version = 0;

  private constructor(private readonly parts: WorldParts) {}

  static async start(): Promise<SoakWorld> {
    const database = (await testPostgres(18))!;
    const store = await PostgresDatabase.connect({
      url: await database.urlAs('postern_sts'),
      applicationName: 'soak-sts',
    });
    const backend = await startBackend();
    const mount = await openBaoAdmin().mountKv();
    const [port, adminPort] = [await freePort(), await freePort()];
    const { configFile, publicOrigin } = await makePosternFolder({
      destination: backend.origin,
      listen: { proxy: { public: onLoopback(port), admin: onLoopback(adminPort) } },
      overrides: {
        prober: { off: 'every call is counted' },
        dpop: { nonces: 'off' },
        resources: resourceSettings(backend.origin, mount),
      },
    });
    const adminOrigin = `http://127.0.0.1:${adminPort}`;
    const proxy = await proxyOf(configFile, database, adminOrigin);
    const world = new SoakWorld({
      ...{ database, store, proxy, backend, mount, adminOrigin, publicOrigin },
      handles: new SoakHandles(store),
      origin: `http://127.0.0.1:${port}`,
    });
    await world.rotate();
    await world.handles.fill();
    await proxy.start();
    return world;
  }

  get handles(): SoakHandles {
    return this.parts.handles;
  }

  get proxyPid(): number {
    return this.parts.proxy.pid;
  }

  get publicOrigin(): string {
    return this.parts.publicOrigin;
  }

  /** Where each of them can be asked. */
  get addresses() {
    const { adminOrigin, backend, database, origin } = this.parts;
    return { origin, adminOrigin, destinations: backend.origin, postgresql: database.url };
  }

  query<Row extends object>(statement: string): Promise<readonly Row[]> {
    return this.parts.database.database.query<Row>(statement);
  }

  /** Writes a new version of every secret; those whose destination takes any version have another password in it. */
  async rotate(): Promise<void> {
    const bao = openBaoAdmin();
    for (const resource of RESOURCES) {
      const version = resource === 'digest' ? 0 : this.#version;
      const data = { username: 'ledger-svc', password: `ledger-password-of-version-${version}` };
      await bao.must('POST', `${this.parts.mount}/data/${resource}`, { data });
    }
    this.#version += 1;
  }

  /** Calls that the destinations took, by `resource METHOD /template`. */
  async taken(): Promise<ReadonlyMap<string, number>> {
    const answer = await fetch(`${this.parts.backend.origin}/counts`);
    return new Map(Object.entries((await answer.json()) as Record<string, number>));
  }

  async stop(): Promise<void> {
    const { backend, database, proxy, store } = this.parts;
    await proxy.stop();
    backend.child.kill();
    await store.close();
    await database.drop();
  }
}

const onLoopback = (port: number) => ({ host: '127.0.0.1', port });

async function proxyOf(
  configFile: string,
  database: TestDatabase,
  adminOrigin: string,
): Promise<PosternProcess> {
  const bao = openBaoAdmin();
  return new PosternProcess({
    app: 'proxy',
    environment: {
      NODE_ENV: 'production',
      POSTERN_CONFIG: configFile,
      DATABASE_URL: await database.urlAs('postern_proxy'),
      VAULT_ADDR: bao.address,
      VAULT_TOKEN: bao.rootToken,
    },
    readyUrl: `${adminOrigin}/readyz`,
  });
}

interface Backend {
  readonly child: ChildProcess;
  readonly origin: string;
}

async function startBackend(): Promise<Backend> {
  const child = spawn(process.execPath, [BACKEND], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const lines = createInterface({ input: child.stdout! });
  const [port] = (await once(lines, 'line')) as [string];
  return { child, origin: `http://127.0.0.1:${port}` };
}
