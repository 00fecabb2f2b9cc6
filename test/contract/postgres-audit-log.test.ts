import {
  PostgresAuditLog,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresOutbox,
} from '#adapters/postgres';
import { AuditLogContradicted, Checkpointer } from '#audit';
import { type PosternEvent, type RecordedEvent } from '#events';
import {
  anOutboxEvent,
  AUDIT_NAME,
  auditEventFactory,
  auditLogContract,
  InMemorySigner,
} from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { MAJORS } from './postgres-majors.js';

const EVIDENCE = ['audit_log', 'audit_leaf', 'audit_checkpoint'];

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('the audit log', `postgres-${major}`, () => {
    let server: TestDatabase;
    let relay: PostgresDatabase;

    const empty = async (): Promise<void> => {
      for (const table of EVIDENCE) await change(table, `delete from public.${table}`);
      await server.empty('audit_waiting', 'outbox', 'event_sequence');
    };
    /** What the owner of the database can do who removes the guard first. */
    const change = async (table: string, statement: string): Promise<void> => {
      await server.database.query(`alter table public.${table} disable trigger ${table}_is_kept`);
      await server.database.query(statement);
      await server.database.query(`alter table public.${table} enable trigger ${table}_is_kept`);
    };
    const append = (events: readonly PosternEvent[]): Promise<void> =>
      new PostgresEventJournal(server.database).append(events);
    /** As a relay marks them. */
    const relayed = async (): Promise<readonly RecordedEvent[]> => {
      const rows = await server.database.query<{ payload: RecordedEvent; seq: string }>(
        `update outbox set published_at = clock_timestamp() where published_at is null returning payload, seq`,
      );
      const sorted = rows.toSorted((one, other) => Number(one.seq) - Number(other.seq));
      return sorted.map(({ payload }) => payload).filter(({ type }) => !type.includes('.audit.'));
    };
    const publish = async (events: readonly PosternEvent[]): Promise<readonly RecordedEvent[]> => {
      await append(events);
      return relayed();
    };
    const told = async (): Promise<readonly PosternEvent[]> => {
      const rows = await server.database.query<{ payload: PosternEvent }>(
        `select payload from outbox where aggregatetype = 'postern.audit-checkpoint.v1' order by seq`,
      );
      return rows.map(({ payload }) => payload);
    };
    const log = (): Promise<PostgresAuditLog> => Promise.resolve(new PostgresAuditLog(relay));
    const checkpointerOver = (over: PostgresAuditLog): Checkpointer =>
      new Checkpointer({
        ...{ log: over, signer: new InMemorySigner(), name: AUDIT_NAME, events: auditEventFactory },
      });
    const begun = async (): Promise<{ over: PostgresAuditLog; checkpointer: Checkpointer }> => {
      const over = await log();
      const checkpointer = checkpointerOver(over);
      await checkpointer.identity();
      return { over, checkpointer };
    };

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      const url = await server.urlAs('postern_relay');
      relay = await PostgresDatabase.connect({ url, applicationName: 'audit', poolSize: 4 });
    });
    beforeEach(empty);
    afterAll(async () => {
      await relay.close();
      await server.drop();
    });

    auditLogContract(() => Promise.resolve({ log, publish, told, close: () => Promise.resolve() }));

    it('has what a relay marks, as it marks it', async () => {
      const { checkpointer } = await begun();
      await append([anOutboxEvent('hdl_1'), anOutboxEvent('hdl_2')]);
      const outbox = new PostgresOutbox(relay);
      await outbox.lease();
      await (await outbox.next(10))!.markPublished();
      await outbox.close();
      expect((await checkpointer.advance())?.size).toBe(2);
    });

    it('queues nothing while no log was begun', async () => {
      await publish([anOutboxEvent('hdl_1')]);
      const [row] = await server.database.query<{ count: string }>(
        'select count(*) from audit_waiting',
      );
      expect(row!.count).toBe('0');
    });

    it('leaves canaries and checkpoints outside, and what is not published yet', async () => {
      const { over, checkpointer } = await begun();
      await append([
        auditEventFactory.create('dev.postern.canary.beat.v1', {
          ...{ subject: 'canary/shard-1', partitionKey: 'shard-1', correlationId: 'can_1' },
          data: { shard: 1 },
        }),
      ]);
      await relayed();
      await publish([anOutboxEvent('hdl_1')]);
      await checkpointer.advance();
      await relayed(); // The checkpoint's own event.
      await append([anOutboxEvent('hdl_2')]);
      expect(await checkpointer.advance()).toBeUndefined();
      expect(await over.leaves(0, 10)).toHaveLength(1);
    });

    it('does not drop a day whose events have no place yet, and drops it then', async () => {
      const { checkpointer } = await begun();
      await publish([anOutboxEvent('hdl_1')]);
      await server.database.query(
        `create table outbox_20200101 partition of outbox for values from ('2020-01-01') to ('2020-01-02')`,
      );
      await server.database.query(`update outbox set created_at = '2020-01-01 12:00Z'`);
      await server.database.query(`update audit_waiting set created_at = '2020-01-01 12:00Z'`);
      const maintain = async (): Promise<number> => {
        const [row] = await server.database.query<{ dropped: number }>(
          'select dropped from maintain_outbox_partitions()',
        );
        return row!.dropped;
      };
      expect(await maintain()).toBe(0);
      expect((await checkpointer.advance())?.size).toBe(1);
      expect(await maintain()).toBe(1);
    });

    it('tells of an event that was removed before it had a place, and goes on with the others', async () => {
      const { over, checkpointer } = await begun();
      const [first] = await publish([anOutboxEvent('hdl_1'), anOutboxEvent('hdl_2')]);
      await server.database.query('delete from outbox where id = $1', [first!.id]);
      await server.database.query(`update audit_waiting set queued_at = now() - interval '1 hour'`);
      expect((await checkpointer.advance())?.size).toBe(1);
      expect(await over.waiting()).toMatchObject({ count: 1, lost: 1 });
    });

    it('tells of an event that was given another id before it had a place', async () => {
      const { over, checkpointer } = await begun();
      const [first] = await publish([anOutboxEvent('hdl_1'), anOutboxEvent('hdl_2')]);
      const renamed = 'update outbox set id = gen_random_uuid() where id = $1';
      await server.database.query(renamed, [first!.id]);
      await server.database.query(`update audit_waiting set queued_at = now() - interval '1 hour'`);
      expect((await checkpointer.advance())?.size).toBe(1);
      expect(await over.waiting()).toMatchObject({ count: 1, lost: 1 });
    });

    it('logs an event once that is published once more, before it has a place or after', async () => {
      const { over, checkpointer } = await begun();
      const again = (): Promise<unknown> =>
        server.database.query('update outbox set published_at = null').then(relayed);
      await publish([anOutboxEvent('hdl_1'), anOutboxEvent('hdl_2')]);
      await again();
      expect((await checkpointer.advance())?.size).toBe(2);
      await again();
      await relayed();
      await publish([anOutboxEvent('hdl_3')]);
      expect((await checkpointer.advance())?.size).toBe(3);
      expect(await over.waiting()).toMatchObject({ count: 0, lost: 0 });
    });

    it('is not brought to a stop by an event that bears the id of another, and tells of it', async () => {
      const { over, checkpointer } = await begun();
      const [one, other] = [anOutboxEvent('hdl_1'), anOutboxEvent('hdl_2')];
      await publish([one, { ...other, id: one.id }, anOutboxEvent('hdl_3')]);
      expect((await checkpointer.advance())?.size).toBe(2);
      await publish([anOutboxEvent('hdl_4')]);
      expect((await checkpointer.advance())?.size).toBe(3);
      await server.database.query(`update audit_waiting set queued_at = now() - interval '1 hour'`);
      expect(await over.waiting()).toMatchObject({ count: 1, lost: 1 });
    });

    it.each(EVIDENCE)('lets nobody change or delete what is in %s', async (table) => {
      const { checkpointer } = await begun();
      await publish([anOutboxEvent('hdl_1')]);
      await checkpointer.advance();
      const [column] =
        table === 'audit_leaf' ? ['logged_at'] : [table === 'audit_log' ? 'begun_at' : 'signed_at'];
      const deeds = [
        `delete from ${table}`,
        `truncate ${table}`,
        `update ${table} set ${column} = now()`,
      ];
      for (const deed of deeds) {
        await expect(relay.query(deed)).rejects.toMatchObject({ code: '42501' });
        await expect(server.database.query(deed)).rejects.toThrow('is evidence');
      }
      await expect(
        relay.query(`insert into ${table} select * from ${table}`),
      ).rejects.toMatchObject({ code: '42501' });
    });

    it.each([
      ['of another type', { type: 'dev.postern.handle.revoked.v1' }],
      ['of another log', { partitionkey: 'another' }],
      ['of another size', { data: { tree_size: 2 } }],
    ])('takes no event %s from a checkpointer', async (_, wrong) => {
      const { over, checkpointer } = await begun();
      await publish([anOutboxEvent('hdl_1')]);
      const { origin } = await checkpointer.identity();
      const right = { type: 'dev.postern.audit.checkpoint.v1', partitionkey: origin };
      const event = { ...right, data: { log_id: origin, tree_size: 1 }, ...wrong };
      await over.sequence(10, () => Buffer.alloc(32));
      await expect(
        relay.query('select publish_checkpoint(0, 1, $1, $2, $3::jsonb)', [
          `${origin}\n`,
          Buffer.alloc(32),
          JSON.stringify(event),
        ]),
      ).rejects.toThrow('no checkpoint of this log');
      expect(await told()).toEqual([]);
    });

    it('gives no index to what does not wait', async () => {
      await begun();
      await expect(
        relay.query(
          `select log_events('{1}', '{99}', array[gen_random_uuid()], array[decode(repeat('ab', 32), 'hex')])`,
        ),
      ).rejects.toThrow('kept colliding');
    });

    describe('an administrator of the database', () => {
      const signedLog = async (): Promise<Awaited<ReturnType<typeof begun>>> => {
        const under = await begun();
        await publish([anOutboxEvent('hdl_1'), anOutboxEvent('hdl_2')]);
        await under.checkpointer.advance();
        await publish([anOutboxEvent('hdl_3')]);
        await under.checkpointer.advance();
        await publish([anOutboxEvent('hdl_4')]);
        return under;
      };

      it('cannot have another tree signed further', async () => {
        await signedLog();
        await change(
          'audit_checkpoint',
          `update audit_checkpoint set frontier = decode(repeat('ab', 64), 'hex')`,
        );
        await expect((await begun()).checkpointer.advance()).rejects.toThrow(AuditLogContradicted);
      });

      it('cannot have a note of his own signed further', async () => {
        await signedLog();
        await change(
          'audit_checkpoint',
          `update audit_checkpoint set note = replace(note, 'prev ', 'prev 0')`,
        );
        await expect((await begun()).checkpointer.advance()).rejects.toThrow(AuditLogContradicted);
      });

      it('cannot take a running checkpointer back to an older state', async () => {
        const { checkpointer } = await signedLog();
        await change('audit_checkpoint', 'delete from audit_checkpoint where tree_size = 3');
        await change('audit_leaf', 'delete from audit_leaf where log_index = 2');
        await expect(checkpointer.advance()).rejects.toThrow(AuditLogContradicted);
      });

      it('cannot leave a gap', async () => {
        const { checkpointer } = await signedLog();
        await change('audit_leaf', 'update audit_leaf set log_index = 7 where log_index = 2');
        await publish([anOutboxEvent('hdl_5')]);
        await expect(checkpointer.advance()).rejects.toThrow(AuditLogContradicted);
      });
    });
  });
});
