import { PostgresDatabase } from '#adapters/postgres';
import {
  describeWithServer,
  type PosternRole,
  type TestDatabase,
  testPostgres,
} from '#test-support';

/** What each process may do; whatever is not listed must be refused. */
const STATEMENTS = {
  'look a handle up': 'select digest from handle',
  'insert a handle': `insert into handle (id, digest, family_id, subject_issuer, subject, subject_id, grant_id,
    grant_version, grant_set_digest, pattern, resource, environment, scopes, binding_kind, issued_at, expires_at,
    max_calls, status, correlation_id)
    values ('h', decode(repeat('ab', 32), 'hex'), 'f', 'i', 's', 's', 'g', 1, 'd', 'federation', 'r', 'e', '{}',
    'none', now(), now(), 1, 'active', 'c')`,
  'revoke a handle': `update handle set status = 'revoked', revoked_at = now()`,
  'count a call': 'update handle set calls_used = calls_used + 1',
  'widen a handle': `update handle set scopes = '{everything}'`,
  'prolong a handle': `update handle set expires_at = 'infinity'`,
  'delete a handle': 'delete from handle',
  'look a subject token up': 'select uses from subject_token_use',
  'record a subject token': `insert into subject_token_use (key, uses, environment, first_exchange_id, family_id,
    expires_at) values (decode(repeat('cd', 32), 'hex'), 1, 'e', 'x', 'f', now())`,
  'count a subject token': 'update subject_token_use set uses = uses + 1',
  'forget subject tokens': 'delete from subject_token_use where expires_at < now()',
  'record a call': `insert into call (call_id, handle_id, resource, route_template, method, started_at,
    correlation_id) values ('c', 'h', 'r', '/', 'GET', now(), 'c')`,
  'finish a call': `update call set finished_at = now(), outcome = 'ok'`,
  'delete a call': 'delete from call',
  'read a sealed secret': 'select ciphertext from sealed_secret',
  'write a sealed secret': `insert into sealed_secret (mount, path, version, key_id, nonce, ciphertext)
    values ('m', 'p', 1, 'k', '', '')`,
  'overwrite a sealed secret': `update sealed_secret set ciphertext = ''`,
  'append an event': `select append_events('[]')`,
  'insert into the outbox': `insert into outbox (id, aggregatetype, aggregateid, type, payload)
    values (gen_random_uuid(), 't', 'k', 'x', '{}')`,
  'read the outbox': 'select payload from outbox',
  'mark the outbox': 'update outbox set published_at = now()',
  'rewrite an event': `update outbox set payload = '{}'`,
  'delete an event': 'delete from outbox',
  'look a proof up': 'select expires_at from proof_use',
  'record a proof': `insert into proof_use (key, expires_at) values (decode(repeat('ef', 32), 'hex'), now())`,
  'forget proofs': 'delete from proof_use where expires_at < now()',
  'change when a proof is forgotten': 'update proof_use set expires_at = now()',
  'read a shared key': 'select key from shared_key',
  'make a shared key': `insert into shared_key (purpose, key) values ('p', decode(repeat('ef', 32), 'hex'))`,
  'change a shared key': `update shared_key set key = decode(repeat('aa', 32), 'hex')`,
  'delete a shared key': 'delete from shared_key',
  'look review notices up': 'select told_at from review_notice',
  'record a review notice': `insert into review_notice (kind, id, review_by, days_left)
    values ('grant', 'g', now(), 30)`,
  'forget review notices': 'delete from review_notice',
  'look suspensions up': 'select target from suspension',
  'suspend a target': `insert into suspension (target, bound, issuers, scope, id, reason, initiator, since)
    values ('resource:r', '', '{}', 'resource', 'r', 'why', 'admin', now())`,
  'lift a suspension': 'delete from suspension',
  'change a suspension': `update suspension set issuers = '{}'`,
  'see what stands before issuing': `select target from standing_suspensions('{resource:r}')`,
  'look targets up': 'select until from revocation_state',
  'remember a target': `insert into revocation_state (target, until) values ('resource:r', now())
    on conflict (target) do update set until = greatest(revocation_state.until, excluded.until)`,
  'forget targets': 'delete from revocation_state',
  'look receipts of orders up': 'select mark from order_receipt',
  'keep the receipt of an order': `insert into order_receipt (key, mark, expires_at)
    values (decode(repeat('ef', 32), 'hex'), 'm', now())`,
  'change the receipt of an order': `update order_receipt set expires_at = now()`,
  'forget receipts of orders': 'delete from order_receipt where expires_at < now()',
  'take calls for a child': `select take_calls('none', 1, now(), now())`,
  'set a sequence back': 'update event_sequence set sequence = 1',
  'maintain the partitions': 'select maintain_outbox_partitions()',
  'forget old calls': 'select purge_finished_calls()',
  'see who carries which shard': 'select holder, epoch, renewed_at from relay_lease',
  'carry a shard': `update relay_lease set holder = 'h', epoch = epoch + 1, renewed_at = now()`,
  'make up a shard': 'insert into relay_lease (shard) values (3)',
  'ask how much waits': 'select * from outbox_pressure(0)',
  'look canaries up': 'select partition_key from canary',
  'write a canary unasked': 'update canary set beaten_at = now()',
  'append canaries': `select append_canaries('[]', interval '10 s')`,
  'tell of expired handles': `select expire_handles('urn:postern:postern:relay', 10)`,
  'tell of a handle again': 'update handle set expiry_told = false',
  'forget expired handles': 'select purge_expired_handles()',
  'look into the inbox': 'select consumer from inbox',
  'enter the inbox': `insert into inbox (consumer, event_id) values ('c', gen_random_uuid())
    on conflict do nothing returning consumer`,
  'empty the inbox': 'delete from inbox',
  'read dead letters': 'select value from dead_letter',
  'ask for a dead letter again': 'update dead_letter set replay_requested_at = now()',
  'forget what was consumed': 'select purge_consumed()',
  'see which migrations ran': 'select name from postern_migration',
  'change the schema': 'create table mine (id text)',
  'change which migrations ran': 'delete from postern_migration',
} as const;
type Deed = keyof typeof STATEMENTS;

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

const MAY: Readonly<Record<PosternRole, readonly Deed[]>> = {
  postern_sts: [
    ...CHECK_PROOFS,
    'look a handle up',
    'insert a handle',
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
    'record a call',
    'finish a call',
    'read a sealed secret',
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
