import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { type ExchangeAnswer, postExchange } from '../support/post-exchange.js';
import { startSts, type StsProcess } from '../support/sts-process.js';
import { until } from '../support/until.js';
import { WorkloadIssuer } from '../support/workload-issuer.js';

const FLOOD = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 1_000;
const ATTACKERS = 32;
const WORKLOADS = 2;
const FLOOD_MS_MAX = FLOOD * 60;
/** Each second of a flood is one event when it begins and one for all that followed. */
const EVENTS_A_SECOND = 2;

interface Rows {
  readonly outbox: number;
  readonly handle: number;
  readonly subject_token_use: number;
  readonly proof_use: number;
}

/** A flood of tokens of an issuer that nobody registered, against an STS as it is shipped. */
describeWithServer('a flood of tokens of an unknown issuer', 'postgres-18', () => {
  let database: TestDatabase;
  let folder: PosternFolder;
  let sts: StsProcess;
  let stranger: Server;
  let strangerOrigin: string;
  let connections = 0;
  let forged: WorkloadIssuer;

  beforeAll(async () => {
    stranger = createServer((_, response) => response.end(forged.jwks)).listen(0, '127.0.0.1');
    stranger.on('connection', () => (connections += 1));
    await once(stranger, 'listening');
    strangerOrigin = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    database = (await testPostgres(18))!;
    // The prober presents such a token too; here each of them is to be accounted for.
    const overrides = { prober: { off: 'every denial is counted' } };
    folder = await makePosternFolder({ destination: 'http://127.0.0.1:9', overrides });
    forged = await WorkloadIssuer.create(strangerOrigin, folder.publicOrigin);
    sts = await startSts(folder, database);
  }, 180_000);

  afterAll(async () => {
    await sts.process.stop();
    stranger.closeAllConnections();
    await new Promise((resolve) => stranger.close(resolve));
    await database.drop();
  }, 60_000);

  const rows = async (): Promise<Rows> => {
    const [found] = await database.database.query<Rows & object>(
      `select (select count(*)::integer from outbox) as outbox,
              (select count(*)::integer from handle) as handle,
              (select count(*)::integer from subject_token_use) as subject_token_use,
              (select count(*)::integer from proof_use) as proof_use`,
    );
    return found!;
  };

  /** How many refusals the outbox tells of, one by one or summed up. */
  const refusalsTold = async (): Promise<number> => {
    const [found] = await database.database.query<{ total: number }>(
      `select coalesce(sum(coalesce((payload -> 'data' ->> 'count')::integer, 1)), 0)::integer as total
       from outbox where type = 'dev.postern.exchange.denied.v1'
         and payload -> 'data' ->> 'reason' = 'issuer_untrusted'`,
    );
    return found!.total;
  };

  /** Where discovery would lead, one tenant a token. */
  const forgedToken = (n: number): Promise<string> =>
    forged.mint('settler', { iss: n % 2 === 0 ? strangerOrigin : `${strangerOrigin}/tenant-${n}` });

  /** Resolves to what the flood was answered, and how long it took. */
  async function flood(): Promise<{ answers: ExchangeAnswer[]; seconds: number }> {
    const answers: ExchangeAnswer[] = [];
    const startedMs = performance.now();
    let next = 0;
    const attacker = async (): Promise<void> => {
      while (next < FLOOD) answers.push(await postExchange(sts.origin, await forgedToken(next++)));
    };
    await Promise.all(Array.from({ length: ATTACKERS }, attacker));
    return { answers, seconds: (performance.now() - startedMs) / 1000 };
  }

  const expectRefused = (answers: readonly ExchangeAnswer[]): void => {
    expect(answers).toHaveLength(FLOOD);
    const kinds = new Set(answers.map(({ status, body }) => JSON.stringify([status, body])));
    expect([...kinds]).toEqual([expect.stringMatching(/^\[400,\{"error":"invalid_request"/)]);
  };

  it(
    `J-25, J-04: ${FLOOD} of them cause no connection, and no write but sampled events`,
    async () => {
      const before = { rows: await rows(), told: await refusalsTold() };
      const { answers, seconds } = await flood();
      expectRefused(answers);
      await until('each refusal is told of', async () => {
        return (await refusalsTold()) - before.told >= FLOOD;
      });
      expect((await refusalsTold()) - before.told).toBe(FLOOD);
      const { outbox, ...others } = await rows();
      const events = outbox - before.rows.outbox;
      expect(events).toBeGreaterThan(0);
      expect(events).toBeLessThanOrEqual(EVENTS_A_SECOND * (Math.ceil(seconds) + 1));
      expect(before.rows).toMatchObject(others);
      expect(connections).toBe(0);
      process.stderr.write(
        `unknown-issuer: ${FLOOD} refused in ${seconds.toFixed(1)} s, told of in ${events} events\n`,
      );
    },
    FLOOD_MS_MAX,
  );

  it(
    'serves workloads meanwhile',
    async () => {
      const before = await rows();
      const statuses: number[] = [];
      let going = true;
      const workload = async (): Promise<void> => {
        while (going) {
          const token = await folder.issuer.mint('settler');
          statuses.push((await postExchange(sts.origin, token)).status);
        }
      };
      const workloads = Promise.all(Array.from({ length: WORKLOADS }, workload));
      const { answers, seconds } = await flood().finally(() => (going = false));
      await workloads;
      expectRefused(answers);
      expect(new Set(statuses)).toEqual(new Set([200]));
      // One in 32 lanes gets its turn: a share of the whole, not what the flood leaves over.
      expect(statuses.length).toBeGreaterThanOrEqual(FLOOD / ATTACKERS / 4);
      const after = await rows();
      expect(after.handle - before.handle).toBe(statuses.length);
      expect(after.subject_token_use - before.subject_token_use).toBe(statuses.length);
      expect(connections).toBe(0);
      process.stderr.write(
        `unknown-issuer: ${statuses.length} exchanges in the ${seconds.toFixed(1)} s of a flood\n`,
      );
    },
    FLOOD_MS_MAX,
  );

  it('would have seen a connection', async () => {
    await fetch(`${strangerOrigin}/.well-known/openid-configuration`);
    expect(connections).toBe(1);
  });
});
