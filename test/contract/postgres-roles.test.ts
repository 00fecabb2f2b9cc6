import { PostgresDatabase } from '#adapters/postgres';
import {
  describeWithServer,
  type PosternRole,
  type TestDatabase,
  testPostgres,
} from '#test-support';
import { type Deed, STATEMENTS } from './postgres-deeds.js';

/** Of every process that has effects of events. */
const CONSUME = ['look into the inbox', 'enter the inbox'] as const;

/** Of every process that checks proofs of possession. */
const CHECK_PROOFS = [
  'look a proof up',
  'record a proof',
  'forget proofs',
  'read a shared key',
  'make a shared key',
] as const;

/** What each process may do; whatever is not listed must be refused. */
const MAY: Readonly<Record<PosternRole, readonly Deed[]>> = {
  postern_sts: [
    ...CHECK_PROOFS,
    'look a handle up',
    'insert a handle',
    'see which planted canaries are live',
    'see which restrictions stand',
    'count a restricted exchange',
    'take calls for a child',
    'revoke a handle',
    'look suspensions up',
    'see what stands before issuing',
    'look targets up',
    'remember a target',
    'look a subject token up',
    'record a subject token',
    'count a subject token',
    'forget subject tokens',
    'append an event',
    'ask how much waits',
    'see which migrations ran',
  ],
  postern_proxy: [
    ...CHECK_PROOFS,
    ...CONSUME,
    'look a handle up',
    'count a call',
    'say that a first use was told',
    'see which planted canaries are live',
    'see which restrictions stand',
    'record a call',
    'finish a call',
    'read a sealed secret',
    'look credentials up',
    'say what calls are under way',
    'leave the census',
    'say what was refused',
    'append an event',
    'ask how much waits',
    'see which migrations ran',
  ],
  postern_control: [
    ...CHECK_PROOFS,
    ...CONSUME,
    'look a handle up',
    'revoke a handle',
    'append an event',
    'read the outbox',
    'look review notices up',
    'record a review notice',
    'see which planted canaries are live',
    'read where canaries were planted',
    'plant a canary',
    'end a canary',
    'see which restrictions stand',
    'impose a restriction',
    'lift a restriction',
    'forget restrictions',
    'see what workloads usually do',
    'look suspensions up',
    'suspend a target',
    'lift a suspension',
    'look targets up',
    'remember a target',
    'forget targets',
    'look receipts of orders up',
    'keep the receipt of an order',
    'forget receipts of orders',
    'see who carries which shard',
    'see the log of events',
    'look credentials up',
    'open or close a gate',
    'look rotations up',
    'ask for a rotation',
    'take a rotation further',
    'lease a rotation',
    'look intake keys up',
    'look detections up',
    'close a detection',
    'look response orders up',
    'carry a response out',
    'ask for a dry run',
    'see which dry runs were asked for',
    'look dry runs up',
    'ask how much waits',
    'see which migrations ran',
  ],
  postern_relay: [
    ...CONSUME,
    'forget what was consumed',
    'read the outbox',
    'mark the outbox',
    'maintain the partitions',
    'forget old calls',
    'see who carries which shard',
    'carry a shard',
    'ask how much waits',
    'look canaries up',
    'append canaries',
    'tell of expired handles',
    'forget expired handles',
    'see the log of events',
    'see what waits for the log',
    'begin the log',
    'log events',
    'keep a checkpoint',
    'see which migrations ran',
  ],
  postern_rotator: [
    'read a sealed secret',
    'write a sealed secret',
    'end a sealed secret',
    'append an event',
    'ask how much waits',
    'look credentials up',
    'take a credential in hand',
    'open or close a gate',
    'change the version that calls use',
    'cut calls with an old version',
    'say that a version works',
    'look rotations up',
    'ask for a rotation',
    'take a rotation further',
    'lease a rotation',
    'forget rotations',
    'put down a version to destroy',
    'look versions to destroy up',
    'strike a version that is destroyed',
    'keep a receipt of a wrapping token',
    'look receipts of wrapping tokens up',
    'forget receipts of wrapping tokens',
    'publish an intake key',
    'look intake keys up',
    'ask whether all calls are held back',
    'see what instances do',
    'forget instances',
    'see what was refused',
    'forget refusals',
    'reserve a login',
    'settle a login',
    'give a login back',
    'see which migrations ran',
  ],
  postern_sentinel: [
    'keep evidence',
    'look evidence up',
    'forget old evidence',
    'keep what there is',
    'look up what is unused',
    'keep an access past Postern',
    'forget what is not there any more',
    'sum evidence up',
    'look sums of evidence up',
    'see what workloads usually do',
    'look detections up',
    'raise a detection',
    'make a detection grow',
    'order a response',
    'look response orders up',
    'see which dry runs were asked for',
    'take what dry runs were asked for',
    'remember a dry run',
    'look dry runs up',
    'append an event',
    'ask how much waits',
    'see which migrations ran',
  ],
};

const deeds = Object.keys(STATEMENTS) as Deed[];
const roles = Object.keys(MAY) as PosternRole[];
const cases = roles.flatMap((role) => deeds.map((deed) => [role, deed] as const));

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('roles', `postgres-${major}`, () => {
    let server: TestDatabase;
    const databases = new Map<PosternRole, PostgresDatabase>();

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      for (const role of roles) {
        const url = await server.urlAs(role);
        databases.set(
          role,
          await PostgresDatabase.connect({ url, applicationName: role, poolSize: 1 }),
        );
      }
    });
    afterAll(async () => {
      for (const database of databases.values()) await database.close();
      await server.drop();
    });

    /** Tries it and takes it back. */
    const attempt = (role: PosternRole, deed: Deed): Promise<unknown> => {
      const taken = new Error('taken back');
      return databases
        .get(role)!
        .transaction(async (connection) => {
          await connection.query(STATEMENTS[deed]);
          throw taken;
        })
        .catch((error: unknown) => {
          if (error !== taken) throw error;
        });
    };

    it.each(cases.filter(([role, deed]) => MAY[role].includes(deed)))(
      '%s may %s',
      async (role, deed) => {
        await expect(attempt(role, deed)).resolves.toBeUndefined();
      },
    );

    it.each(cases.filter(([role, deed]) => !MAY[role].includes(deed)))(
      '%s may not %s',
      async (role, deed) => {
        await expect(attempt(role, deed)).rejects.toThrow('permission denied');
      },
    );

    it('names every table in the deeds that are tried', async () => {
      const rows = await server.database.query<{ name: string }>(
        `select relname as name from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`,
      );
      const tried = Object.values(STATEMENTS).join(' ');
      const untried = rows.map(({ name }) => name).filter((name) => !tried.includes(name));
      // Only the owner touches these: the embedded bus of standalone.
      expect(untried.sort()).toEqual(['embedded_bus_offset']);
    });

    it('gives no right to somebody who is in none of the groups', async () => {
      const rows = await server.database.query<{ name: string }>(
        `select relname as name from pg_class, aclexplode(relacl)
         where relnamespace = 'public'::regnamespace and grantee = 0`,
      );
      expect(rows).toEqual([]);
    });
  });
});
