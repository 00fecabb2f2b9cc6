import { setTimeout as pause } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { postExchange } from '../support/post-exchange.js';
import { startSts, type StsProcess } from '../support/sts-process.js';

const AT_ONCE = 64;
const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const TOKENS = long ? 1_000 : 20;
const ROUND_MS_MAX = 5_000;
const KILLS = long ? 50 : 4;
/** The kills are spread over the time that the presentations of one token take. */
const KILL_AFTER_MS_MAX = 250;
const KILL_MS_MAX = 30_000;

/** What the outbox tells of one subject token. */
interface Told {
  readonly permitted: number;
  readonly denied: number;
  /** Different exchanges among the denials. */
  readonly exchanges: number;
  /** Denials that say `replayed`, and name the exchange that won. */
  readonly replayed: number;
  readonly live: number;
  readonly minted: number;
}

/** By the id of the token: what was permitted, what was denied, and which handles live. */
const TOLD = `
  with told as (
    select type, payload -> 'data' as data from outbox
    where payload -> 'data' ->> 'subject_token_jti' = $1
  ), won as (
    select data from told where type = 'dev.postern.exchange.permitted.v1'
  ), lost as (
    select data from told where type = 'dev.postern.exchange.denied.v1'
  ), minted as (
    select status, expires_at from handle where family_id in (select data ->> 'family_id' from won)
  )
  select (select count(*)::integer from won) as permitted,
         (select count(*)::integer from lost) as denied,
         (select count(distinct data ->> 'exchange_id')::integer from lost) as exchanges,
         (select count(*)::integer from lost where data ->> 'reason' = 'replayed'
            and data ->> 'prior_exchange_id' = (select data ->> 'exchange_id' from won)) as replayed,
         (select count(*)::integer from minted
            where status = 'active' and expires_at > now()) as live,
         (select count(*)::integer from minted) as minted`;

/**
 * G6: a token that may be exchanged once is exchanged once, however many processes are asked at the same time, and
 * whoever loses is on record before the answer.
 */
describeWithServer('single use over two STS processes', 'postgres-18', () => {
  let database: TestDatabase;
  let folder: PosternFolder;
  let processes: StsProcess[] = [];

  beforeAll(async () => {
    database = (await testPostgres(18))!;
    // The prober denies on its own account; here every denial is to be accounted for.
    const overrides = { prober: { off: 'every denial is counted' } };
    folder = await makePosternFolder({ destination: 'http://127.0.0.1:9', overrides });
    processes = await Promise.all([startSts(folder, database), startSts(folder, database)]);
  }, 180_000);

  afterAll(async () => {
    await Promise.all(processes.map(({ process }) => process.stop()));
    await database.drop();
  }, 60_000);

  /** To both processes by turns, all at once. */
  async function presented(token: string): Promise<readonly number[]> {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, (_, n) => postExchange(processes[n % 2]!.origin, token)),
    );
    const lost = answers.filter(({ status }) => status !== 200).map(({ body }) => body.error);
    expect(lost).toEqual(Array(AT_ONCE - 1).fill('invalid_request'));
    return answers.map(({ status }) => status);
  }

  const told = async (token: string): Promise<Told> => {
    const [row] = await database.database.query<Told & object>(TOLD, [decodeJwt(token).jti]);
    return row!;
  };

  const count = async (from: string): Promise<number> => {
    const [row] = await database.database.query<{ total: number }>(
      `select count(*)::integer as total from ${from}`,
    );
    return row!.total;
  };

  it(
    `G6, T-15: of ${AT_ONCE} presentations one wins, and each other is a committed denial, ${TOKENS} times`,
    async () => {
      const winners = [0, 0];
      for (let n = 0; n < TOKENS; n += 1) {
        const token = await folder.issuer.mint('settler');
        const statuses = await presented(token);
        const place = statuses.indexOf(200);
        expect(statuses.filter((status) => status === 200)).toHaveLength(1);
        winners[place % 2]! += 1;
        expect(await told(token)).toEqual({
          permitted: 1,
          denied: AT_ONCE - 1,
          exchanges: AT_ONCE - 1,
          replayed: AT_ONCE - 1,
          live: 1,
          minted: 1,
        });
      }
      expect(await count('handle')).toBe(TOKENS);
      expect(await count('subject_token_use')).toBe(TOKENS);
      expect(await count(`outbox where type = 'dev.postern.exchange.denied.v1'`)).toBe(
        TOKENS * (AT_ONCE - 1),
      );
      process.stderr.write(
        `single-use: ${TOKENS} tokens, ${AT_ONCE} at once; won by one process ${winners[0]}, by the other ${winners[1]}\n`,
      );
    },
    TOKENS * ROUND_MS_MAX,
  );

  it('G6: says so also of a token that was spent long before, at the process that did not see it', async () => {
    const token = await folder.issuer.mint('settler');
    expect((await postExchange(processes[0]!.origin, token)).status).toBe(200);
    expect((await postExchange(processes[1]!.origin, token)).status).toBe(400);
    expect(await told(token)).toMatchObject({ permitted: 1, denied: 1, replayed: 1, live: 1 });
  });

  /** Presents a token to both, and kills one after that time: the answers that still came. */
  async function presentedWhileOneDies(token: string, killAfterMs: number): Promise<number[]> {
    const presentations = Promise.allSettled(
      Array.from({ length: AT_ONCE }, (_, n) => postExchange(processes[n % 2]!.origin, token)),
    );
    await pause(killAfterMs);
    await processes[1]!.process.kill();
    const answers = await presentations;
    await processes[1]!.process.start();
    return answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value.status] : []));
  }

  it(
    `G6: holds while a process is killed in the midst of it, ${KILLS} times`,
    async () => {
      let cut = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const token = await folder.issuer.mint('settler');
        const killAfterMs = (kill * KILL_AFTER_MS_MAX) / KILLS;
        const statuses = await presentedWhileOneDies(token, killAfterMs);
        cut += AT_ONCE - statuses.length;
        const won = statuses.filter((status) => status === 200).length;
        const lost = statuses.filter((status) => status === 400).length;
        expect(won + lost).toBe(statuses.length);
        const after = await told(token);
        // Who died may have won without having said so, and may have denied without having said so.
        expect(won).toBeLessThanOrEqual(after.live);
        expect(after).toMatchObject({ permitted: after.live, minted: after.live });
        expect(after.live).toBeLessThanOrEqual(1);
        expect(after.denied).toBeGreaterThanOrEqual(lost);
        expect(after.denied + after.permitted).toBeLessThanOrEqual(AT_ONCE);
        // Its survivors agree on what is left: nothing, or the one use that nobody got.
        const again = await postExchange(processes[1]!.origin, token);
        expect(again.status).toBe(after.live === 1 ? 400 : 200);
        expect(await told(token)).toMatchObject({ permitted: 1, live: 1, minted: 1 });
      }
      process.stderr.write(`single-use: ${KILLS} kills, ${cut} presentations without an answer\n`);
    },
    KILLS * KILL_MS_MAX,
  );

  it('is told from tokens of their own, each of which wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, n) =>
        postExchange(processes[n % 2]!.origin, await folder.issuer.mint('settler')),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(AT_ONCE).fill(200));
  });
});
