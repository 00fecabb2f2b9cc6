import { randomUUID } from 'node:crypto';
import { PostgresDatabase, PostgresEventJournal, PostgresOutbox } from '#adapters/postgres';
import { type Outbox, type RecordedEvent } from '#events';
import { anOutboxEvent, outboxContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const WRITERS = 16;
const EVENTS_A_WRITER = 40;

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('outbox', `postgres-${major}`, () => {
    let server: TestDatabase;
    const names = new Map<Outbox, string>();
    const databases: PostgresDatabase[] = [];

    /** A relay with sessions of its own, so that it can be killed alone. */
    const relay = async (): Promise<Outbox> => {
      const applicationName = `relay-${randomUUID()}`;
      const url = await server.urlAs('postern_relay');
      const database = await PostgresDatabase.connect({ url, applicationName, poolSize: 2 });
      databases.push(database);
      const outbox = new PostgresOutbox(database);
      names.set(outbox, applicationName);
      return outbox;
    };
    const kill = async (outbox: Outbox): Promise<void> => {
      await server.database.query(
        `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = $1`,
        [names.get(outbox)],
      );
    };
    const closeAll = async (): Promise<void> => {
      await Promise.all([...names.keys()].map((outbox) => outbox.close()));
      await Promise.all(databases.splice(0).map((database) => database.close()));
      names.clear();
    };
    const clear = (): Promise<void> => server.empty('outbox', 'event_sequence');

    beforeAll(async () => {
      server = (await testPostgres(major))!;
    });
    afterAll(() => server.drop());

    outboxContract(async () => {
      await clear();
      const journal = new PostgresEventJournal(server.database);
      return { relay, append: (events) => journal.append(events), kill, close: closeAll };
    });

    describe('under many writers', () => {
      const keys = ['hdl_a', 'hdl_b', 'hdl_c', 'hdl_d'];
      beforeEach(clear);
      afterEach(closeAll);

      const write = async (writer: number): Promise<void> => {
        const database = await PostgresDatabase.connect({
          url: server.url,
          applicationName: `writer-${writer}`,
          poolSize: 1,
        });
        databases.push(database);
        const journal = new PostgresEventJournal(database);
        for (let n = 0; n < EVENTS_A_WRITER; n += 1) {
          const first = keys[(writer + n) % keys.length]!;
          const second = keys[(writer * n) % keys.length]!;
          await journal.append([anOutboxEvent(first), anOutboxEvent(second)]);
        }
      };

      it('publishes every event once, each key in order and without a gap, while they write', async () => {
        const outbox = await relay();
        await outbox.lease();
        const published: RecordedEvent[] = [];
        const state = { writing: true };
        const writers = Promise.all(Array.from({ length: WRITERS }, (_, n) => write(n))).finally(
          () => (state.writing = false),
        );
        for (;;) {
          const last = !state.writing;
          const batch = await outbox.next(50);
          published.push(...(batch?.records ?? []).map(({ event }) => event));
          await batch?.markPublished();
          if (batch === undefined && last) break;
        }
        await writers;
        expect(published).toHaveLength(WRITERS * EVENTS_A_WRITER * 2);
        expect(new Set(published.map(({ id }) => id)).size).toBe(published.length);
        for (const key of keys) {
          const sequences = published
            .filter(({ partitionkey }) => partitionkey === key)
            .map(({ sequence }) => Number(sequence));
          expect(sequences).toEqual(sequences.map((_, place) => place + 1));
        }
      });

      it('writes all events of an append or none when its session is cut', async () => {
        const applicationName = `cut-${randomUUID()}`;
        const database = await PostgresDatabase.connect({ url: server.url, applicationName });
        databases.push(database);
        const journal = new PostgresEventJournal(database);
        const cut = (): Promise<unknown> =>
          server.database.query(
            'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
            [applicationName],
          );
        const results: PromiseSettledResult<void>[] = [];
        for (let n = 0; n < 20; n += 1) {
          const append = journal.append(['x', 'y', 'z'].map((key) => anOutboxEvent(key, `n${n}`)));
          results.push(...(await Promise.allSettled([append, cut().then(() => undefined)])));
        }
        const rows = await server.database.query<{ reason: string; total: number }>(
          `select payload #>> '{data,reason}' as reason, count(*)::integer as total from outbox group by 1`,
        );
        expect(results.some(({ status }) => status === 'rejected')).toBe(true);
        expect(rows.filter(({ total }) => total !== 3)).toEqual([]);
      });
    });

    describe('its partitions', () => {
      it('makes the days ahead, and making them again changes nothing', async () => {
        await clear();
        const [row] = await server.database.query<{ made: number; dropped: number }>(
          'select * from maintain_outbox_partitions()',
        );
        expect(row).toEqual({ made: 0, dropped: 0 });
        const days = await server.database.query(
          `select 1 from pg_class where relname ~ '^outbox_[0-9]{8}$' and relkind = 'r'`,
        );
        expect(days).toHaveLength(4);
      });

      it('drops an old day that is published, and keeps one that is not', async () => {
        for (const [day, publishedAt] of [
          ['2020-01-01', 'now()'],
          ['2020-01-02', 'null'],
        ] as const) {
          const table = `outbox_${day.replaceAll('-', '')}`;
          await server.database.query(
            `create table ${table} partition of outbox for values from ('${day}') to (date '${day}' + 1)`,
          );
          await server.database.query(
            `insert into outbox (id, aggregatetype, aggregateid, type, payload, created_at, published_at)
             values (gen_random_uuid(), 't', 'k', 'x', '{}', '${day}', ${publishedAt})`,
          );
        }
        const [row] = await server.database.query<{ dropped: number }>(
          'select * from maintain_outbox_partitions()',
        );
        expect(row!.dropped).toBe(1);
        const left = await server.database.query('select 1 from outbox_20200102');
        expect(left).toHaveLength(1);
      });
    });
  });
});
