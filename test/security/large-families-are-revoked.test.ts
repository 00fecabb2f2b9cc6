import { PostgresDatabase, PostgresHandleStore } from '#adapters/postgres';
import { type Handle } from '#handles';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anIssue, aStoredHandle, clock, revokedEvent } from '../contract/handle-records.js';
import { until } from '../support/until.js';

/** Of the larger number a statement could look at each for each of them no more. */
const DESCENDANTS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 7_000 : 1_200;
const LOCKED = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
/** $1: the parent, $2 and $3: numbers from and to. As exchanges of the parent would leave them. */
const CHILDREN = `
  insert into handle select (jsonb_populate_record(parent, jsonb_build_object(
    'id', parent.id || '_' || n, 'parent_id', parent.id, 'chain_depth', 1,
    'digest', '\\x' || encode(sha256((parent.id || '_' || n)::bytea), 'hex')))).*
  from handle as parent, generate_series($2::integer, $3::integer) as n where parent.id = $1`;

// Whoever holds a handle makes as many of it as it has calls: its revocation must not fail, or lose one, for their number.
describeWithServer('a handle with very many descendants', 'postgres-18', () => {
  let server: TestDatabase;
  let sts: PostgresDatabase;
  let store: PostgresHandleStore;
  let root: Handle;
  beforeAll(async () => {
    server = (await testPostgres(18))!;
    const url = await server.urlAs('postern_sts');
    sts = await PostgresDatabase.connect({ url, applicationName: 'large-families' });
    store = new PostgresHandleStore(sts);
  });
  beforeEach(async () => {
    root = aStoredHandle();
    await store.issue(anIssue(root));
  });
  afterAll(async () => {
    await sts.close();
    await server.drop();
  });

  const revoke = (): Promise<readonly Handle[]> =>
    store.revoke({
      selector: { scope: 'handle', id: root.id },
      at: clock.now(),
      eventOf: revokedEvent,
    });
  const left = async (): Promise<number | undefined> => {
    const [row] = await server.database.query<{ total: number }>(
      `select count(*)::integer as total from handle where family_id = $1 and status <> 'revoked'`,
      [root.familyId],
    );
    return row?.total;
  };

  it('is revoked with all of them, within what a statement may take', async () => {
    await server.database.query(CHILDREN, [root.id, 1, DESCENDANTS]);
    expect(await revoke()).toHaveLength(DESCENDANTS + 1);
    expect(await left()).toBe(0);
  }, 60_000);

  it('takes the one along that is issued at that moment', async () => {
    await server.database.query(CHILDREN, [root.id, 1, 1_000]);
    const revocations: Promise<readonly Handle[]>[] = [];
    await server.database.transaction(async (connection) => {
      await connection.query('select 1 from handle where id = $1 for update', [root.id]);
      await connection.query(CHILDREN, [root.id, 1_001, 1_001]);
      revocations.push(revoke());
      await until(
        'the revocation waits',
        async () => (await server.database.query(LOCKED)).length > 0,
      );
    });
    expect((await Promise.all(revocations)).flat()).toHaveLength(1_002);
    expect(await left()).toBe(0);
  });
});
