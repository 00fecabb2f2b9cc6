import {
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresSubjectTokenUses,
} from '#adapters/postgres';
import { authorizationServer, type TokenExchange } from '#oauth';
import { aCaller, aFormRequest, ExchangeUnderTest } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const INSTANCES = 3;
const AT_ONCE = 64;
const ROUNDS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 1_000 : 5;

const TIMEOUT_MS = 60_000 + ROUNDS * 1_000;

/**
 * Keycloak CVE-2026-1035 was a check, then an act: of many exchanges at once with one single-use token several went
 * through. T-15 and G6: here the store decides, in the transaction that writes the handle.
 */
describeWithServer('single use of a subject token', 'postgres-18', () => {
  let server: TestDatabase;
  let sts: ExchangeUnderTest;
  let exchanges: TokenExchange[];
  const databases: PostgresDatabase[] = [];

  beforeAll(async () => {
    server = (await testPostgres(18))!;
    const url = await server.urlAs('postern_sts');
    sts = await ExchangeUnderTest.create();
    exchanges = [];
    for (let n = 0; n < INSTANCES; n += 1) {
      const database = await PostgresDatabase.connect({ url, applicationName: `sts-${n}` });
      databases.push(database);
      exchanges.push(
        authorizationServer({
          ...sts.parts,
          handles: new PostgresHandleStore(database),
          uses: new PostgresSubjectTokenUses(database),
          journal: new PostgresEventJournal(database),
        }).tokenExchange,
      );
    }
  });
  afterAll(async () => {
    await Promise.all(databases.map((database) => database.close()));
    await server.drop();
  });

  const count = async (from: string): Promise<number> => {
    const [row] = await server.database.query<{ total: number }>(
      `select count(*)::integer as total from ${from}`,
    );
    return row!.total;
  };

  it(
    'T-15: gives one handle, and every loser a recorded denial',
    async () => {
      for (let round = 1; round <= ROUNDS; round += 1) {
        const request = aFormRequest(await sts.baseline());
        const outcomes = await Promise.allSettled(
          Array.from({ length: AT_ONCE }, (_, n) =>
            exchanges[n % INSTANCES]!.exchange(request, aCaller()),
          ),
        );
        expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const losers = outcomes.filter(({ status }) => status === 'rejected');
        expect(losers).toEqual(
          Array(AT_ONCE - 1).fill({
            status: 'rejected',
            reason: expect.objectContaining({
              code: 'invalid_request',
              reason: 'replayed',
            }) as unknown,
          }),
        );
        expect(await count('handle')).toBe(round);
        expect(await count(`outbox where type like '%exchange.permitted%'`)).toBe(round);
        expect(await count(`outbox where type like '%exchange.denied%'`)).toBe(
          round * (AT_ONCE - 1),
        );
      }
    },
    TIMEOUT_MS,
  );
});
