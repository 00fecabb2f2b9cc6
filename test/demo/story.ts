import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';
import { type IssuedHandle, PosternClient, PosternRefused } from '#client';
import { type PostgresDatabase } from '#adapters/postgres';
import { RotationDesk } from '../support/rotation-desk.js';
import { type Standalone } from '../support/standalone.js';
import { until } from '../support/until.js';
import { type EchoingLedger } from './echoing-ledger.js';
import { gapsInEvidence, openDatabase } from './evidence.js';
import { foreignHandle } from './foreign-handle.js';
import { rotateUnderLoad } from './rotation-under-load.js';
import { must, type Story } from './step.js';

export interface Cast {
  readonly postern: Standalone;
  readonly ledger: EchoingLedger;
  readonly username: string;
}

/** Exchange, call, and everything that must not work. */
export async function tellStory(story: Story, cast: Cast): Promise<void> {
  const { postern, ledger } = cast;
  const client = new PosternClient(postern.publicOrigin);
  const database = await openDatabase(join(postern.folder, 'data', 'postgres'));
  const exchange = async (scopes: readonly string[]): Promise<IssuedHandle> =>
    client.exchange({
      subjectToken: await postern.issuer.mint('settler'),
      audience: 'ledger',
      scopes,
    });
  const handle = await firstCalls(story, cast, exchange);

  await story.step('the same subject token again', async () => {
    const subjectToken = await postern.issuer.mint('settler');
    await client.exchange({ subjectToken, audience: 'ledger' });
    const refusal = await refused(client.exchange({ subjectToken, audience: 'ledger' }));
    must(refusal.code === 'invalid_request', `expected invalid_request, got ${refusal.code}`);
    return `refused: ${refusal.code}; the event says replayed: ${await reasons(database, 'replayed')}`;
  });

  await story.step('revoke, then call', async () => {
    const started = performance.now();
    await client.revoke(handle.handle);
    const response = await client.call(handle.handle, 'ledger', 'accounts/42');
    const ms = performance.now() - started;
    must(response.status === 401 && ms < 1000, `got ${response.status} after ${ms.toFixed(0)} ms`);
    return `401 ${ms.toFixed(0)} ms after the revocation was asked for`;
  });

  await story.step('a handle of another environment', async () => {
    const seen = ledger.seen.length;
    const response = await client.call(foreignHandle('staging'), 'ledger', 'accounts/42');
    must(response.status === 401, `got ${response.status}`);
    must(ledger.seen.length === seen, 'the ledger was contacted');
    return `401 ${response.headers.get('postern-error') ?? ''}; events: ${await reasons(database, 'env_mismatch')}`;
  });

  await story.step('a backend that hands the credential back', async () => {
    const debug = await exchange(['ledger.echo']);
    const response = await client.call(debug.handle, 'ledger', 'accounts/42/debug');
    const body = await response.text();
    must(response.status === 200, `got ${response.status}`);
    must(!leaks(cast, body + headersOf(response)), 'the secret came back');
    return `200, scrubbed: ${body.slice(0, 160)}...`;
  });

  const desk = await RotationDesk.open(postern);
  await rotateUnderLoad(story, { ledger, client, desk, exchange });
  await crash(story, cast, { client, database, exchange, revoked: handle });
  await story.step('the secret is in nothing that anybody got', async () => {
    const [row] = await database.query<{ dump: string }>(
      `select coalesce(string_agg(payload::text, ''), '') as dump from public.outbox`,
    );
    must(!leaks(cast, row?.dump ?? ''), 'an event holds the secret');
    must(!leaks(cast, postern.process.output), 'a log line holds the secret');
    return `searched ${row?.dump.length ?? 0} bytes of events and ${postern.process.output.length} of logs`;
  });
  await database.close();
}

async function firstCalls(
  story: Story,
  cast: Cast,
  exchange: (scopes: readonly string[]) => Promise<IssuedHandle>,
): Promise<IssuedHandle> {
  const { postern, ledger, username } = cast;
  const client = new PosternClient(postern.publicOrigin);
  let handle: IssuedHandle | undefined;
  await story.step('exchange a workload identity for a handle', async () => {
    handle = await exchange(['ledger.read']);
    return `${handle.handle.slice(0, 12)}... (${handle.handleId}), ${handle.scopes.join(' ')}, ${handle.expiresInSeconds} s`;
  });
  const issued = handle as unknown as IssuedHandle;
  await story.step('a call outside of the scopes, before any other', async () => {
    const reads = (): Promise<number> => metric(postern, 'postern_secret_reads_total');
    // Of a credential that is rotated the version in use is read ahead of calls.
    await until('the secret is read ahead', async () => (await reads()) === 1);
    const response = await client.call(issued.handle, 'ledger', 'entries', { method: 'POST' });
    must(response.status === 403, `got ${response.status}`);
    must(ledger.seen.length === 0, 'the ledger was contacted');
    must((await reads()) === 1, 'a secret was read');
    return `403 ${response.headers.get('postern-error') ?? ''}; no secret was read for it`;
  });
  await story.step('a call', async () => {
    const response = await client.call(issued.handle, 'ledger', 'accounts/42');
    const body = await response.text();
    const password = ledger.passwords.at(-1) ?? '';
    const expected = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    must(response.status === 200, `got ${response.status}: ${body}`);
    must(ledger.seen.at(-1) === expected, 'the ledger did not see its credential');
    must(!leaks(cast, body + headersOf(response)), 'the secret came back');
    return `200 ${body}; the ledger saw its Basic credential, the caller did not`;
  });
  return issued;
}

interface Scene {
  readonly client: PosternClient;
  readonly database: PostgresDatabase;
  readonly exchange: (scopes: readonly string[]) => Promise<IssuedHandle>;
  readonly revoked: IssuedHandle;
}

const LOAD_MS = 3_000;
const LOAD_WORKERS = 8;

/** kill -9 in mid-load, start again: what was revoked stays revoked, what was live works, the evidence is whole. */
async function crash(story: Story, { postern }: Cast, scene: Scene): Promise<void> {
  const { client, database, exchange, revoked } = scene;
  await story.step('kill -9 in mid-load, and start again', async () => {
    const live = await exchange(['ledger.read']);
    let answered = 0;
    let stopping = false;
    const worker = async (): Promise<void> => {
      while (!stopping) {
        const status = await client.call(live.handle, 'ledger', 'accounts/42').then(
          async (response) => {
            await response.arrayBuffer();
            return response.status;
          },
          () => 0,
        );
        if (status === 200) answered += 1;
        else await pause(20);
      }
    };
    const workers = Array.from({ length: LOAD_WORKERS }, worker);
    await pause(LOAD_MS);
    await postern.process.kill();
    const before = answered;
    const started = performance.now();
    await postern.start();
    const restartMs = performance.now() - started;
    await until('live handles work again', () => answered > before + 100);
    stopping = true;
    await Promise.all(workers);
    const dead = await client.call(revoked.handle, 'ledger', 'accounts/42');
    must(dead.status === 401, `the revoked handle got ${dead.status}`);
    return `${before} calls before, ${answered - before} after a restart of ${restartMs.toFixed(0)} ms; revoked stays revoked`;
  });
  await story.step('every decision has its event, every event its decision', async () => {
    let gaps = ['not looked yet'];
    await until(
      'the evidence is whole',
      async () => (gaps = await gapsInEvidence(database)).length === 0,
      30_000,
    ).catch(() => must(false, gaps.slice(0, 5).join('; ')));
    const [row] = await database.query<{ events: string; crashed: string }>(
      `select count(*) as events, count(*) filter (where payload->'data'->>'outcome' = 'unknown_after_crash') as crashed from public.outbox`,
    );
    return `${row?.events ?? 0} events, ${row?.crashed ?? 0} of them calls that the crash cut off; no gap`;
  });
}

async function refused(attempt: Promise<unknown>): Promise<PosternRefused> {
  const outcome = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  must(outcome instanceof PosternRefused, 'it was not refused');
  return outcome;
}

/** How many events give this reason. */
async function reasons(database: PostgresDatabase, reason: string): Promise<string> {
  const [row] = await database.query<{ total: string }>(
    `select count(*) as total from public.outbox where payload->'data'->>'reason' = $1`,
    [reason],
  );
  must(Number(row?.total ?? 0) > 0, `no event says ${reason}`);
  return row?.total ?? '0';
}

const headersOf = (response: Response): string => JSON.stringify([...response.headers]);

/** Whether the text holds a secret that the ledger has or had, plainly or as Basic credentials. */
const leaks = ({ username, ledger }: Cast, text: string): boolean =>
  ledger.passwords.some((password) => {
    const basic = Buffer.from(`${username}:${password}`).toString('base64');
    const hex = Buffer.from(password).toString('hex');
    return [password, basic, hex].some((form) => text.includes(form));
  });

async function metric({ adminOrigin }: Standalone, name: string): Promise<number> {
  const text = await (await fetch(`${adminOrigin}/metrics`)).text();
  const match = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(text);
  return Number(match?.[1] ?? 0);
}
