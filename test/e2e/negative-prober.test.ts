import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type PostgresDatabase } from '#adapters/postgres';
import { type PosternEvent } from '#events';
import { type Readiness } from '#platform';
import { openDatabase } from '../demo/evidence.js';
import { freePort } from '../support/free-port.js';
import { grantSettings } from '../support/postern-folder.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { until } from '../support/until.js';

const EVERY_SECONDS = 10;
const HANDLE = 'pst_dev_a-handle-that-nobody-should-have-got';

async function makePostern(prober: Readonly<Record<string, unknown>>): Promise<Standalone> {
  return makeStandalone({
    destination: `http://127.0.0.1:${await freePort()}/api`, // Nobody is there: nothing may get so far.
    username: 'ledger-svc',
    password: 'the-ledger-password-1987',
    overrides: { prober: { every: `${EVERY_SECONDS}s`, ...prober } },
  });
}

async function readiness({ adminOrigin }: Standalone): Promise<Readiness & { status: number }> {
  const response = await fetch(`${adminOrigin}/readyz`);
  return { ...((await response.json()) as Readiness), status: response.status };
}

const proberCheck = async (postern: Standalone) =>
  (await readiness(postern)).checks.find(({ name }) => name === 'prober');

async function runs({ adminOrigin }: Standalone, outcome: string): Promise<string[]> {
  const text = await (await fetch(`${adminOrigin}/metrics`)).text();
  return text
    .split('\n')
    .flatMap(
      (line) => /^postern_probe_runs_total\{probe="([^"]*)",(.*)\} /.exec(line)?.slice(1) ?? [],
    )
    .filter((_, index, parts) => index % 2 === 0 && parts[index + 1] === `outcome="${outcome}"`);
}

async function events(database: PostgresDatabase, type: string): Promise<PosternEvent[]> {
  const rows = await database.query<{ payload: PosternEvent }>(
    `select payload from public.outbox where payload->>'type' = $1 order by created_at, seq`,
    [type],
  );
  return rows.map(({ payload }) => payload);
}

const BREACHED = 'dev.postern.probe.breached.v1';

interface Permitted {
  readonly postern: Standalone;
  readonly database: PostgresDatabase;
  /** What came to its revocation endpoint. */
  readonly revoked: readonly (string | null)[];
  /** What was told while the door was open. */
  readonly whileOpen: {
    readonly readiness: Awaited<ReturnType<typeof readiness>>;
    readonly check: Awaited<ReturnType<typeof proberCheck>>;
    readonly unreachable: readonly string[];
  };
}

const doorsOnRecord = async (database: PostgresDatabase): Promise<string[]> => [
  ...new Set((await events(database, BREACHED)).map(({ subject }) => subject)),
];

/** Resolves when a standalone has told that something permitted its probes, and the door is closed again. */
async function startPermitted(): Promise<Permitted> {
  const revoked: (string | null)[] = [];
  const permissive = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.url === '/oauth2/revoke') revoked.push(new URLSearchParams(body).get('token'));
      response.end(JSON.stringify({ access_token: HANDLE, token_type: 'Bearer' }));
    });
  }).listen(0, '127.0.0.1');
  await once(permissive, 'listening');
  const { port } = permissive.address() as AddressInfo;
  const postern = await makePostern({ origin: `http://127.0.0.1:${port}` });
  // It says that it is not ready as soon as it could be: its start is over when the breach is on record.
  postern.start().catch(() => undefined);
  await until(
    'the breach is told',
    () => postern.process.output.includes('a probe was permitted that must be refused'),
    90_000,
  );
  const database = await openDatabase(join(postern.folder, 'data', 'postgres'));
  await until('both doors are on record', async () => (await doorsOnRecord(database)).length === 2);
  const whileOpen = {
    readiness: await readiness(postern),
    check: await proberCheck(postern),
    unreachable: await runs(postern, 'unreachable'),
  };
  permissive.closeAllConnections();
  permissive.close();
  return { postern, database, revoked, whileOpen };
}

/** Each of the two waits for rounds of its prober: they do so beside each other. */
let permitted: Promise<Permitted>;
beforeAll(() => {
  permitted = startPermitted();
  permitted.catch(() => undefined); // Told by the suite that waits for it.
});

describe('a standalone that probes itself', () => {
  let postern: Standalone;
  let database: PostgresDatabase;

  beforeAll(async () => {
    const own = { subjectTokenFile: './prober-token', audience: 'ledger', scope: 'ledger.read' };
    postern = await makePostern(own);
    writeFileSync(join(postern.folder, 'prober-token'), await postern.issuer.mint('the-prober'));
    await postern.start();
    database = await openDatabase(join(postern.folder, 'data', 'postgres'));
  }, 180_000);
  afterAll(async () => {
    await database.close();
    await postern.process.stop();
  });

  it('is ready, and not degraded, once everything was refused', async () => {
    await until('all was asked', async () => {
      const check = await proberCheck(postern);
      return check?.ok === true && check.reason === undefined;
    });
    expect(await readiness(postern)).toMatchObject({ status: 200, ready: true, degraded: false });
    expect((await runs(postern, 'refused')).sort()).toEqual([
      'call-with-unknown-handle',
      'call-without-handle',
      'exchange-of-forged-token',
      'exchange-of-unregistered-issuer',
      'exchange-without-grant',
    ]);
    expect(await events(database, BREACHED)).toEqual([]);
  });

  it('leaves denials that are told from others by their client', async () => {
    const denied = [
      ...(await events(database, 'dev.postern.exchange.denied.v1')),
      ...(await events(database, 'dev.postern.call.denied.v1')),
    ];
    const reasons = denied.map(({ data }) => (data as { reason: string }).reason).sort();
    expect([...new Set(reasons)]).toEqual([
      'invalid_signature',
      'issuer_untrusted',
      'missing_handle',
      'not_allowed',
      'unknown',
    ]);
    for (const event of denied) expect(JSON.stringify(event)).toContain('postern-prober');
  });

  it('is not ready, and says so, when somebody writes a grant for what must be refused', async () => {
    postern.writeGrant(grantSettings('prober-ledger', 'the-prober', 'ledger', ['ledger.read']));
    await until(
      'the breach is on record',
      async () => (await events(database, BREACHED)).length > 0,
      3 * EVERY_SECONDS * 1000,
    );
    const [event] = await events(database, BREACHED);
    expect(event).toMatchObject({ severitytext: 'FATAL', subject: 'probe/exchange' });
    expect(event?.data).toMatchObject({
      probe: 'exchange',
      permitted: 'resource ledger for the prober, which no grant is for',
      detail: expect.stringContaining('it was revoked at once') as string,
    });
    expect(await readiness(postern)).toMatchObject({ status: 503, ready: false });
    const issued = await events(database, 'dev.postern.handle.issued.v1');
    const revoked = await events(database, 'dev.postern.handle.revoked.v1');
    expect(revoked.map(({ subject }) => subject)).toEqual(issued.map(({ subject }) => subject));
    expect(issued).toHaveLength(1);
  }, 60_000);
});

describe('a standalone whose probes come to something that permits all', () => {
  let postern: Standalone;
  let database: PostgresDatabase;
  let revoked: Permitted['revoked'];
  let whileOpen: Permitted['whileOpen'];

  beforeAll(async () => {
    ({ postern, database, revoked, whileOpen } = await permitted);
  }, 180_000);
  afterAll(async () => {
    await database.close();
    await postern.process.stop();
  });

  it('tells it by an event of the highest severity for each door', async () => {
    expect((await doorsOnRecord(database)).sort()).toEqual(['probe/call', 'probe/exchange']);
    for (const event of await events(database, BREACHED)) expect(event.severitytext).toBe('FATAL');
  });

  it('is not ready, and names what was permitted', () => {
    expect(whileOpen.readiness).toMatchObject({ status: 503, ready: false });
    expect(whileOpen.check).toMatchObject({
      ok: false,
      reason: expect.stringContaining('permitted what must be refused') as string,
    });
  });

  it('stays so although the door is closed again', async () => {
    expect(whileOpen.unreachable).toEqual([]);
    await until(
      'it was asked again in vain',
      async () => (await runs(postern, 'unreachable')).length > 0,
      3 * EVERY_SECONDS * 1000,
    );
    expect(await readiness(postern)).toMatchObject({ status: 503, ready: false });
  }, 60_000);

  it('revoked what it got, and kept it out of events and logs', async () => {
    expect(revoked.length).toBeGreaterThan(0);
    expect(new Set(revoked)).toEqual(new Set([HANDLE]));
    expect(JSON.stringify(await events(database, BREACHED))).not.toContain(HANDLE);
    expect(postern.process.output).not.toContain(HANDLE);
  });
});
