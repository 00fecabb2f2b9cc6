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
  'take calls for a child': `select take_calls('none', 1, now(), now())`,
  'set a sequence back': 'update event_sequence set sequence = 1',
  'maintain the partitions': 'select maintain_outbox_partitions()',
  'forget old calls': 'select purge_finished_calls()',
  'see which migrations ran': 'select name from postern_migration',
  'change the schema': 'create table mine (id text)',
  'change which migrations ran': 'delete from postern_migration',
} as const;
type Deed = keyof typeof STATEMENTS;

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
    'look a subject token up',
    'record a subject token',
    'count a subject token',
    'forget subject tokens',
    'append an event',
    'see which migrations ran',
  ],
  postern_proxy: [
    ...CHECK_PROOFS,
    'look a handle up',
    'count a call',
    'record a call',
    'finish a call',
    'read a sealed secret',
    'append an event',
    'see which migrations ran',
  ],
  postern_control: [
    ...CHECK_PROOFS,
    'look a handle up',
    'revoke a handle',
    'append an event',
    'read the outbox',
    'look review notices up',
    'record a review notice',
    'see which migrations ran',
  ],
  postern_relay: [
    'read the outbox',
    'mark the outbox',
    'maintain the partitions',
    'forget old calls',
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
      expect(untried.sort()).toEqual(['embedded_bus_offset', 'inbox']);
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
