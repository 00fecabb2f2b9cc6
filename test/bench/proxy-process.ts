import { PostgresHandleStore } from '#adapters/postgres';
import { secondsAfter, SystemClock } from '#kernel';
import { aHandleRevokedEvent } from '#testing';
import { freePort } from '../support/free-port.js';
import { openBaoAdmin } from '../support/openbao.js';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { testPostgres, type TestDatabase } from '../support/postgres.js';
import { type StoredHandle, storedHandle } from '../support/stored-handle.js';
import { type Running } from './running.js';

const SCOPES = ['ledger.read', 'ledger.post'];
const LIFE_SECONDS = 86_400;
const CALLS_MAX = 1_000_000_000;

export type Audit = 'strict' | 'buffered';

/** Postern's `proxy` app that is up, and a handle that it takes. */
export interface ProxyUnderBench {
  readonly pid: number;
  readonly origin: string;
  readonly handle: string;
  /** One that was revoked before. */
  readonly revokedHandle: string;
}

export interface ProxyBackend {
  readonly destination: string;
  readonly username: string;
  readonly password: string;
}

/**
 * The app `proxy` as in production: a process of its own with the rights of its own role, a database of its own and OpenBao beside it.
 * Its handles stand in the store before: no other process of Postern runs while it is measured.
 */
export async function startProxyUnderBench(
  { destination, username, password }: ProxyBackend,
  audit: Audit,
  running: Running,
): Promise<ProxyUnderBench> {
  const database = await testPostgres(18);
  if (database === undefined) throw new Error('the bench needs PostgreSQL 18');
  running.add(() => database.drop());
  const [port, adminPort] = [await freePort(), await freePort()];
  const path = `bench/${audit}-${port}`;
  const bao = openBaoAdmin();
  await bao.must('POST', `secret/data/${path}`, { data: { username, password } });
  const folder = await makePosternFolder({
    destination,
    listen: {
      proxy: {
        public: { host: '127.0.0.1', port },
        admin: { host: '127.0.0.1', port: adminPort },
      },
    },
    resource: {
      credential: { ref: { mount: 'secret', path } },
      call: { timeout: '30s', maxRequestBytes: '100MiB', maxResponseBytes: 'unlimited', audit },
    },
  });
  const handles = await handlesFor(database);
  const proxy = new PosternProcess({
    app: 'proxy',
    environment: {
      ...environmentOf(folder),
      DATABASE_URL: await database.urlAs('postern_proxy'),
      VAULT_ADDR: bao.address,
      VAULT_TOKEN: bao.rootToken,
    },
    readyUrl: `http://127.0.0.1:${adminPort}/readyz`,
  });
  running.add(() => proxy.stop());
  await proxy.start();
  return { pid: proxy.pid, origin: `http://127.0.0.1:${port}`, ...handles };
}

/** What the image sets, for Postern and for the peers in Node alike. */
export const NODE_OPTIONS = '--max-semi-space-size=32';

const environmentOf = ({ configFile }: PosternFolder): Record<string, string> => ({
  NODE_ENV: 'production',
  NODE_OPTIONS,
  POSTERN_CONFIG: configFile,
});

/** A handle that outlives any bench, and one that was revoked before. */
async function handlesFor({
  database,
}: TestDatabase): Promise<Pick<ProxyUnderBench, 'handle' | 'revokedHandle'>> {
  const store = new PostgresHandleStore(database);
  const issuedAt = new SystemClock().now();
  const expiresAt = secondsAfter(issuedAt, LIFE_SECONDS);
  const issue = (): Promise<StoredHandle> =>
    storedHandle(database, { scopes: SCOPES, issuedAt, expiresAt, maxCalls: CALLS_MAX });
  const [handle, revoked] = [await issue(), await issue()];
  const selector = { scope: 'handle', id: revoked.id } as const;
  await store.revoke({ selector, at: issuedAt, eventOf: aHandleRevokedEvent });
  return { handle: handle.plaintext, revokedHandle: revoked.plaintext };
}
