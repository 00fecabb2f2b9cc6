import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { PosternClient } from '#client';
import { EchoingLedger } from '../demo/echoing-ledger.js';
import { ledgerRotation } from '../demo/rotation-under-load.js';
import { describeWithServer } from '../support/describe-with-server.js';
import { basicFront } from '../support/basic-front.js';
import { LegacyPostgres } from '../support/legacy-postgres.js';
import { type RotatedSecret, RotationDeployment } from '../support/rotation-deployment.js';
import { type RotationDesk } from '../support/rotation-desk.js';
import { chance } from './chance.js';

/** Short: a run that surely kills in the middle. Long: every five seconds for ten minutes. */
const isLong = process.env['POSTERN_TEST_VOLUME'] === 'long';
const ROTATIONS = isLong ? 120 : 4;
const ROTATION_EVERY_MS = 5_000;
const CALLERS = 6;
const USERNAME = 'ledger-svc';
const LEDGER = 'legacy/ledger';
const ENDED_DEADLINE_MS = 120_000;

interface Tally {
  total: number;
  /** Answers of a proxy other than 200. */
  readonly failed: string[];
  /** No answer at all, while or after its proxy was killed. */
  cut: number;
}

/** What is called, and how its value is changed. */
interface Legacy {
  readonly destination: string;
  readonly account: { readonly username: string; readonly password: string };
  readonly rotation: (mount: string) => Readonly<Record<string, unknown>>;
  readonly accounts?: readonly RotatedSecret[];
  stop(): Promise<void>;
}

const newPassword = (): string => `legacy-${randomBytes(12).toString('hex')}`;
const ADMIN = 'postern/rotator-ledger-admin';

async function echoingLedger(): Promise<Legacy> {
  const account = { username: USERNAME, password: newPassword() };
  const ledger = await EchoingLedger.start(account.username, account.password);
  return {
    destination: `${ledger.origin}/api`,
    account,
    rotation: () => ledgerRotation,
    stop: async () => ledger.stop(),
  };
}

/** Each call logs in anew, with what was put on it. */
async function postgres(slots: 'single' | 'dual'): Promise<Legacy> {
  const server = await LegacyPostgres.start();
  const front = await basicFront('postgres', server);
  const account = { username: 'svc_a', password: newPassword() };
  await server.createAccount(account);
  await server.createAccount({ username: 'svc_b', password: newPassword() });
  const { host, port, database } = server;
  const change = { as: 'postgres', host, port, database, tls: 'off' };
  const dual = (mount: string) => ({
    alternate: ['svc_a', 'svc_b'],
    by: { ref: { mount, path: ADMIN } },
  });
  return {
    destination: front.origin,
    account,
    rotation: (mount) => ({
      slots,
      change: { ...change, ...(slots === 'dual' ? dual(mount) : {}) },
      verify: ['GET /accounts/health'],
      observe: '1s',
    }),
    accounts: [{ path: ADMIN, fields: { ...server.admin } }],
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

const LEGACIES: readonly [string, () => Promise<Legacy>][] = [
  ['an HTTP application with one password', echoingLedger],
  ['PostgreSQL with one account', () => postgres('single')],
  ['PostgreSQL with two accounts in turn', () => postgres('dual')],
];

describeWithServer('rotation while processes are killed', 'openbao', () => {
  describeWithServer('over a real database', 'postgres-18', () => {
    describe.each(LEGACIES)('at %s', (_, startLegacy) => {
      let legacy: Legacy;
      let deployment: RotationDeployment;
      let desk: RotationDesk;

      beforeAll(async () => {
        legacy = await startLegacy();
        deployment = await RotationDeployment.start({
          destination: legacy.destination,
          ledger: (mount) => ({
            credential: { ref: { mount, path: LEDGER } },
            rotation: {
              ...legacy.rotation(mount),
              // What a killed rotator had reserved counts as failed: here it dies more often than anywhere.
              lockout: { failures: 100, per: '1m' },
              drain: '20s',
            },
          }),
          secrets: [{ path: LEDGER, fields: { ...legacy.account } }],
          accounts: legacy.accounts ?? [],
          proxies: 2,
        });
        desk = await deployment.desk();
      }, 180_000);

      afterAll(async () => {
        await deployment.stop();
        await legacy.stop();
        await deployment.database.drop();
      }, 60_000);

      it(
        'fails no call, ends every rotation, and leaves a value that works',
        async () => {
          const seed = Number(process.env['POSTERN_TEST_SEED'] ?? randomInt(2 ** 31));
          process.stderr.write(`rotation-kill: POSTERN_TEST_SEED=${seed}\n`);
          const handle = keptHandle(deployment);
          const tally: Tally = { total: 0, failed: [], cut: 0 };
          const over = new AbortController();
          const callers = Array.from({ length: CALLERS }, (_, caller) =>
            keepCalling(deployment, handle, { caller, tally, signal: over.signal }),
          );
          const killer = keepKilling(deployment, chance(seed), over.signal);
          const states: string[] = [];
          for (let rotation = 0; rotation < ROTATIONS; rotation += 1) {
            const due = pause(ROTATION_EVERY_MS);
            const { id } = await desk.requestInHand('ledger');
            states.push((await desk.ended(id, ENDED_DEADLINE_MS)).state);
            await due;
          }
          over.abort();
          const kills = await killer;
          await Promise.all(callers);
          process.stderr.write(
            `rotation-kill: ${ROTATIONS} rotations (${states.join(', ')}), ${kills} kills, ${tally.total} calls, ` +
              `${tally.cut} cut with their proxy, ${tally.failed.length} failed\n`,
          );
          expect(tally.failed).toEqual([]);
          expect(states.filter((state) => state !== 'done' && state !== 'abandoned')).toEqual([]);
          expect(states.filter((state) => state === 'done').length).toBeGreaterThan(ROTATIONS / 2);
          expect(kills).toBeGreaterThan(0);
          expect(tally.total).toBeGreaterThan(ROTATIONS * CALLERS);
          const [proxy] = deployment.proxies;
          const last = await new PosternClient(proxy!.origin).call(
            await handle(),
            'ledger',
            'accounts/1',
          );
          expect(last.status).toBe(200);
        },
        isLong ? 1_800_000 : 400_000,
      );
    });
  });
});

/** One call after the other, at the proxies in turn: as behind a load balancer, a proxy that is gone is passed by. */
async function keepCalling(
  deployment: RotationDeployment,
  handle: () => Promise<string>,
  { caller, tally, signal }: { caller: number; tally: Tally; signal: AbortSignal },
): Promise<void> {
  const clients = deployment.proxies.map(({ origin }) => new PosternClient(origin));
  for (let turn = caller; !signal.aborted; turn += 1) {
    const client = clients[turn % clients.length]!;
    const answer = await client.call(await handle(), 'ledger', 'accounts/42').then(
      async (response) => {
        const text = await response.text().catch(() => undefined);
        return text === undefined ? undefined : { status: response.status, text };
      },
      () => undefined,
    );
    if (answer === undefined) {
      tally.cut += 1;
      await pause(50);
      continue;
    }
    tally.total += 1;
    if (answer.status !== 200) tally.failed.push(`${answer.status} ${answer.text.slice(0, 200)}`);
  }
}

/** kill -9 of rotator or one proxy at a random moment, and a new start. Resolves to how many there were. */
async function keepKilling(
  deployment: RotationDeployment,
  next: () => number,
  signal: AbortSignal,
): Promise<number> {
  const victims = ['rotator', 'rotator', 'rotator', 'proxy-1', 'proxy-2'];
  for (let kills = 0; ; kills += 1) {
    await pause(500 + 5_500 * next(), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return kills;
    const { process } = deployment.of(victims[Math.floor(next() * victims.length)]!);
    await process.kill();
    await process.start();
  }
}

const HANDLE_KEPT_MS = 120_000;

/** A handle, and another one before it expires. */
function keptHandle(deployment: RotationDeployment): () => Promise<string> {
  let handle: Promise<string> | undefined;
  let until = 0;
  return () => {
    if (handle === undefined || performance.now() > until) {
      until = performance.now() + HANDLE_KEPT_MS;
      handle = deployment.handleFor('ledger', ['ledger.read']);
    }
    return handle;
  };
}
