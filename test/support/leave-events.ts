import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PosternClient } from '#client';
import { makePosternFolder, type PosternFolder } from './postern-folder.js';
import { PosternProcess, runCli } from './postern-process.js';
import { type TestDatabase } from './postgres.js';
import { until } from './until.js';

export interface EventTraffic {
  readonly brokers: string;
  readonly database: TestDatabase;
  /** The password of the legacy system that is called. */
  readonly secret: string;
}

const CALLS = 5;
const QUIET_DEADLINE_MS = 20_000;

/**
 * Has a Postern of its own, over that database and that Kafka, exchange, call, deny and revoke; resolves when all of it
 * is on Kafka and the process has ended: to the id of the handle that was revoked. Five calls are completed. Its prober is
 * off: nothing comes by itself.
 */
export async function leaveEvents(traffic: EventTraffic): Promise<string> {
  const ledger = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(ledger, 'listening');
  const folder = await makeFolder(ledger);
  const process = seal(folder, traffic);
  try {
    await process.start();
    const revoked = await use(folder);
    await quiet(traffic.database);
    return revoked;
  } finally {
    await process.stop();
    ledger.close();
  }
}

function makeFolder(ledger: Server): Promise<PosternFolder> {
  const { port } = ledger.address() as AddressInfo;
  return makePosternFolder({
    destination: `http://127.0.0.1:${port}/api`,
    overrides: { prober: { off: 'the test counts every event' } },
  });
}

function seal(folder: PosternFolder, { brokers, database, secret }: EventTraffic): PosternProcess {
  const environment = {
    POSTERN_CONFIG: folder.configFile,
    POSTERN_DATA_FOLDER: join(folder.folder, 'data'),
    DATABASE_URL: database.url,
    KAFKA_BROKERS: brokers,
  };
  const { status, stderr } = runCli(['seal', 'put', 'secret/legacy/ledger'], {
    environment,
    input: JSON.stringify({ username: 'ledger-svc', password: secret }),
  });
  if (status !== 0) throw new Error(`seal put failed: ${stderr}`);
  const readyUrl = `${folder.adminOrigin}/readyz`;
  return new PosternProcess({ app: 'standalone', environment, readyUrl });
}

/** Exchanges, calls, is denied both, revokes, is denied again. */
async function use({ publicOrigin, adminOrigin, issuer }: PosternFolder): Promise<string> {
  const client = new PosternClient(publicOrigin);
  const exchange = async (subject: string, audience: string, scope: string) =>
    client.exchange({ subjectToken: await issuer.mint(subject), audience, scopes: [scope] });
  const issued = await exchange('settler', 'ledger', 'ledger.read');
  const call = async (path: string): Promise<number> =>
    (await client.call(issued.handle, 'ledger', path)).status;
  for (let account = 0; account < CALLS; account += 1) {
    expectStatus(200, await call(`accounts/${account}`));
  }
  expectStatus(403, await call('accounts/1/debug'));
  const refused = await exchange('nobody', 'ledger', 'ledger.read').catch(() => undefined);
  if (refused !== undefined) throw new Error('nobody got a handle');
  const operator = await exchange('operator', 'postern', 'admin.revoke');
  const revoked = await fetch(`${adminOrigin}/admin/v1/revoke`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operator.handle}`, 'content-type': 'application/json' },
    body: JSON.stringify({ scope: 'handle', id: issued.handleId, reason: 'a test' }),
  });
  expectStatus(200, revoked.status);
  await until('it is revoked', async () => (await call('accounts/6')) === 401);
  return issued.handleId;
}

function expectStatus(wanted: number, found: number): void {
  if (found !== wanted) throw new Error(`status ${found} instead of ${wanted}`);
}

/** The calls that are still to be written down come last. */
async function quiet({ database }: TestDatabase): Promise<void> {
  const count = async (which: string): Promise<number> => {
    const [row] = await database.query<{ count: number }>(
      `select count(*)::integer as count from outbox where ${which}`,
    );
    return row?.count ?? 0;
  };
  const completed = "type = 'dev.postern.call.completed.v1'";
  const recorded = async (): Promise<boolean> => (await count(completed)) === CALLS;
  await until('every call is on record', recorded, QUIET_DEADLINE_MS);
  const published = async (): Promise<boolean> => (await count('published_at is null')) === 0;
  await until('all is published', published, QUIET_DEADLINE_MS);
}
