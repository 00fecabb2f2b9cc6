import { PostgresCanaries, PostgresDatabase, PostgresOutbox } from '#adapters/postgres';
import { decodeStructured, encodeStructured, EventFactory, type PosternEvent } from '#events';
import { SystemClock } from '#kernel';
import { anOutboxEvent } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { MAJORS } from './postgres-majors.js';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('canaries', `postgres-${major}`, () => {
    let server: TestDatabase;
    const databases: PostgresDatabase[] = [];
    const events = new EventFactory({
      clock: new SystemClock(),
      environment: 'test',
      deployment: 'contract',
      component: 'relay',
    });

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      const url = await server.urlAs('postern_relay');
      for (const applicationName of ['one', 'two', 'three']) {
        databases.push(await PostgresDatabase.connect({ url, applicationName, poolSize: 1 }));
      }
    });
    beforeEach(async () => {
      await server.empty('outbox', 'event_sequence');
      await server.database.query(`update public.canary set beaten_at = '-infinity'`);
    });
    afterAll(async () => {
      for (const database of databases) await database.close();
      await server.drop();
    });

    const beats = (): Promise<readonly number[]> =>
      Promise.all(databases.map((database) => new PostgresCanaries({ database, events }).beat()));
    const rows = (): Promise<{ shard: number; payload: PosternEvent }[]> =>
      server.database.query('select shard, payload from outbox order by shard, seq');

    it('come one for each shard, in that shard, however many relays write them', async () => {
      const written = await beats();
      expect(written.reduce((sum, count) => sum + count, 0)).toBe(16);
      const found = await rows();
      expect(found.map(({ shard }) => shard)).toEqual(Array.from({ length: 16 }, (_, n) => n));
      for (const { shard, payload } of found) {
        expect(payload).toMatchObject({
          type: 'dev.postern.canary.beat.v1',
          subject: `canary/shard-${shard}`,
          data: { shard },
        });
      }
    });

    it('come again when their time has come, and not before, with the next sequence', async () => {
      await beats();
      expect(await beats()).toEqual([0, 0, 0]);
      await server.database.query(
        `update public.canary set beaten_at = now() - interval '10 s' where shard = 5`,
      );
      expect((await beats()).reduce((sum, count) => sum + count, 0)).toBe(1);
      const five = (await rows()).filter(({ shard }) => shard === 5);
      expect(five.map(({ payload }) => payload)).toMatchObject([
        { sequence: '00000000000000000001' },
        { sequence: '00000000000000000002' },
      ]);
    });

    it('are read by a relay as events of the catalogue', async () => {
      await beats();
      const outbox = new PostgresOutbox(databases[0]!);
      await outbox.lease();
      const batch = await outbox.next(100);
      await outbox.close();
      expect(batch!.records).toHaveLength(16);
      for (const { topic, event } of batch!.records) {
        expect(topic).toBe('postern.canary.v1');
        expect(decodeStructured(encodeStructured(event))).toEqual(event);
      }
    });

    describe('nothing else is taken from a relay', () => {
      const canary = async (): Promise<PosternEvent> => {
        const [row] = await server.database.query<{ partition_key: string }>(
          'select partition_key from canary where shard = 2',
        );
        return events.create('dev.postern.canary.beat.v1', {
          subject: 'canary/shard-2',
          partitionKey: row!.partition_key,
          correlationId: 'can_test',
          data: { shard: 2 },
        });
      };
      const append = (list: readonly object[], every = '9 s'): Promise<unknown> =>
        databases[0]!.query('select append_canaries($1::jsonb, $2::interval)', [
          JSON.stringify(list),
          every,
        ]);

      it('such as what is a canary', async () => {
        await append([await canary()]);
        expect(await rows()).toHaveLength(1);
      });

      it.each([
        ['another event', () => anOutboxEvent('hdl_a')],
        [
          'another event under the key of a canary',
          (own: PosternEvent) => ({
            ...anOutboxEvent('hdl_a'),
            partitionkey: own.partitionkey,
          }),
        ],
        ['a canary under another key', (own: PosternEvent) => ({ ...own, partitionkey: 'hdl_a' })],
        ['a canary of another shard', (own: PosternEvent) => ({ ...own, data: { shard: 3 } })],
        ['more in its data', (own: PosternEvent) => ({ ...own, data: { shard: 2, more: 'x' } })],
        ['another subject', (own: PosternEvent) => ({ ...own, subject: 'handle/hdl_a' })],
        ['another attribute', (own: PosternEvent) => ({ ...own, more: 'x' })],
      ])('not %s', async (_, change) => {
        await expect(append([change(await canary())])).rejects.toThrow('no canaries');
        expect(await rows()).toEqual([]);
      });

      it('not more of them than there are shards, and not faster than one a second', async () => {
        const own = await canary();
        await expect(append(Array.from({ length: 17 }, () => own))).rejects.toThrow('no canaries');
        await expect(append([own], '0 s')).rejects.toThrow('no canaries');
        expect(await rows()).toEqual([]);
      });
    });
  });
});
