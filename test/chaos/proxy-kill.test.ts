import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { PostgresDatabase } from '#adapters/postgres';
import { describeWithServer, openBaoAdmin, type TestDatabase, testPostgres } from '#test-support';
import { freePort } from '../support/free-port.js';
import { makePosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { storedHandle } from '../support/stored-handle.js';

const KILLS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 100 : 4;
const CALLERS = 16;
const KILL_AFTER_MS_MIN = 150;
const KILL_AFTER_MS_MAX = 450;
const PORTION = 500;
const SHARED_CALLS_MAX = 40;
const TIMEOUT_MS = 60_000 + KILLS * 12_000;

/** What is known of one handle in the end. */
interface Ledger {
  readonly id: string;
  readonly used: number;
  readonly recorded: number;
  /** Events of its first use. */
  readonly told: number;
}

/**
 * Whatever reached the backend is on record, no handle makes more calls than it has, and the first use of each is told of
 * once, even when the proxy is killed again and again while calls are under way.
 */
describeWithServer('a proxy that is killed under load', 'postgres-18', () => {
  describeWithServer('with secrets', 'openbao', () => {
    let database: TestDatabase;
    let store: PostgresDatabase;
    let backend: Server;
    let proxy: PosternProcess;
    let origin: string;
    /** By the name that the caller gave its handle: how often the backend saw it. */
    const seen = new Map<string, number>();
    const ids = new Map<string, string>();

    beforeAll(async () => {
      database = (await testPostgres(18))!;
      const url = await database.urlAs('postern_sts');
      store = await PostgresDatabase.connect({ url, applicationName: 'sts' });
      backend = createServer((request, response) => {
        const name = request.url?.split('/').at(-1) ?? '';
        seen.set(name, (seen.get(name) ?? 0) + 1);
        setTimeout(() => response.end('{}'), 5);
      }).listen(0, '127.0.0.1');
      await once(backend, 'listening');
      await startProxy();
    }, 180_000);

    afterAll(async () => {
      await proxy.stop();
      backend.close();
      await store.close();
      await database.drop();
    }, 60_000);

    async function startProxy(): Promise<void> {
      const bao = openBaoAdmin();
      const mount = await bao.mountKv();
      const data = { username: 'ledger-svc', password: 'the-ledger-password-1987' };
      await bao.must('POST', `${mount}/data/ledger`, { data });
      const [port, adminPort] = [await freePort(), await freePort()];
      const listen = {
        public: { host: '127.0.0.1', port },
        admin: { host: '127.0.0.1', port: adminPort },
      };
      const folder = await makePosternFolder({
        destination: `http://127.0.0.1:${(backend.address() as AddressInfo).port}`,
        listen: { proxy: listen },
        overrides: { prober: { off: 'every call is counted' } },
        resource: { credential: { ref: { mount, path: 'ledger' } } },
      });
      proxy = new PosternProcess({
        app: 'proxy',
        environment: {
          POSTERN_CONFIG: folder.configFile,
          DATABASE_URL: await database.urlAs('postern_proxy'),
          VAULT_ADDR: bao.address,
          VAULT_TOKEN: bao.rootToken,
        },
        readyUrl: `http://127.0.0.1:${adminPort}/readyz`,
      });
      origin = `http://127.0.0.1:${port}`;
      await proxy.start();
    }

    async function issue(name: string, maxCalls: number): Promise<string> {
      const { plaintext, id } = await storedHandle(store, { maxCalls });
      ids.set(name, id);
      return plaintext;
    }

    /** The answer's status; 0 when there was none. */
    const call = (name: string, handle: string): Promise<number> =>
      fetch(`${origin}/proxy/ledger/accounts/${name}`, {
        headers: { authorization: `Bearer ${handle}` },
      }).then(
        async (answer) => {
          await answer.arrayBuffer();
          return answer.status;
        },
        () => 0,
      );

    /** Each handle is used until somebody says that it is used up. */
    async function caller(next: () => readonly [string, string] | undefined): Promise<void> {
      for (let one = next(); one !== undefined; one = next()) {
        for (let tries = 0; tries < 100 && (await call(...one)) !== 403; tries += 1) {
          if (tries > 2) await pause(50); // The proxy is being started again.
        }
      }
    }

    async function killed(times: number, isOver: () => boolean): Promise<number> {
      let kills = 0;
      while (kills < times && !isOver()) {
        await pause(KILL_AFTER_MS_MIN + Math.random() * (KILL_AFTER_MS_MAX - KILL_AFTER_MS_MIN));
        await proxy.kill();
        kills += 1;
        await proxy.start();
      }
      return kills;
    }

    const ledgers = async (): Promise<readonly Ledger[]> =>
      database.database.query<Ledger>(
        `select handle.id, calls_used as used, (select count(*)::integer from call where handle_id = handle.id) as recorded,
           (select count(*)::integer from outbox where aggregateid = handle.id
              and type = 'dev.postern.handle.first_used.v1') as told
         from handle`,
      );

    it(
      'has a record of every call that reached the backend, never exceeds maxCalls, and tells of each first use once',
      async () => {
        let kills = 0;
        for (let portion = 0; kills < KILLS; portion += 1) {
          const handles = await Promise.all(
            Array.from({ length: PORTION }, async (_, nth) => {
              const name = `c${portion}-${nth}`;
              return [name, await issue(name, nth === 0 ? SHARED_CALLS_MAX : 1)] as const;
            }),
          );
          const left = handles.values();
          const next = () => left.next().value;
          let over = false;
          const [done] = await Promise.all([
            killed(KILLS - kills, () => over),
            Promise.all(Array.from({ length: CALLERS }, () => caller(next))).then(
              () => (over = true),
            ),
          ]);
          kills += done;
        }
        const known = new Map((await ledgers()).map((one) => [one.id, one]));
        expect(seen.size).toBeGreaterThan(KILLS * 10);
        for (const [name, times] of seen) {
          const { used, recorded } = known.get(ids.get(name) ?? '')!;
          const maxCalls = name.endsWith('-0') ? SHARED_CALLS_MAX : 1;
          expect({ name, isRecorded: recorded >= times }).toEqual({ name, isRecorded: true });
          expect(recorded).toBe(used);
          expect(used).toBeLessThanOrEqual(maxCalls);
        }
        for (const { id, used, told } of known.values()) {
          expect({ id, told }).toEqual({ id, told: used > 0 ? 1 : 0 });
        }
        process.stderr.write(
          `proxy-kill: ${kills} kills, ${seen.size} handles reached the backend\n`,
        );
      },
      TIMEOUT_MS,
    );
  });
});
