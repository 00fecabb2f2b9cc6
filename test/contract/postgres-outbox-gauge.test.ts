import {
  OutboxWatch,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresOutboxGauge,
} from '#adapters/postgres';
import { EvidenceBudget } from '#events';
import { DependencyUnavailable, SystemClock } from '#kernel';
import { anOutboxEvent } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { until } from '../support/until.js';
import { MAJORS } from './postgres-majors.js';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('outbox gauge', `postgres-${major}`, () => {
    let server: TestDatabase;
    let database: PostgresDatabase;

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      database = await PostgresDatabase.connect({
        url: await server.urlAs('postern_sts'),
        applicationName: 'gauge',
        poolSize: 2,
      });
    });
    beforeEach(() => server.empty('outbox', 'event_sequence'));
    afterAll(async () => {
      await database.close();
      await server.drop();
    });

    const append = (count: number, reason = 'contract'): Promise<void> =>
      new PostgresEventJournal(server.database).append(
        Array.from({ length: count }, (_, n) => anOutboxEvent(`hdl_${n}`, reason)),
      );
    const bytesWaiting = async (): Promise<number> => {
      const [row] = await server.database.query<{ bytes: string }>(
        'select coalesce(sum(octet_length(payload::text)), 0) as bytes from outbox where published_at is null',
      );
      return Number(row!.bytes);
    };

    it('weighs what waits to the byte, while a shard has no more than its sample', async () => {
      await append(200);
      await append(3, 'x'.repeat(5_000));
      const { records, bytes, shards } = await new PostgresOutboxGauge(database).measure();
      expect(records).toBe(203);
      expect(bytes).toBe(await bytesWaiting());
      expect(shards).toHaveLength(16);
    });

    it('counts a long backlog to the event, and weighs it by its newest', async () => {
      await append(3_000);
      const { records, bytes } = await new PostgresOutboxGauge(database).measure();
      expect(records).toBe(3_000);
      expect(Math.abs(bytes / (await bytesWaiting()) - 1)).toBeLessThan(0.02);
    });

    it('counts one long shard in parts, and tells the whole', async () => {
      await append(1);
      await server.database.query(
        `insert into outbox (id, aggregatetype, aggregateid, type, payload)
         select id, aggregatetype, aggregateid, type, payload from outbox, generate_series(1, 45000)`,
      );
      const parts = await database.query<{ records: string; counted_to: string | null }>(
        `select * from outbox_pressure(
           (select hashtextextended('hdl_0', 0) & 15)::integer, 0, interval '0 seconds')`,
      );
      expect(parts).toMatchObject([
        { records: '20000', counted_to: expect.any(String) as unknown },
      ]);
      const gauge = new PostgresOutboxGauge(database, 0);
      expect(await gauge.measure()).toMatchObject({ records: 45_001, bytes: await bytesWaiting() });
      // Each later question is one part of 20,000 events, or one shard that is empty.
      for (let part = 0; part < 20; part += 1) {
        expect((await gauge.measure()).records).toBe(45_001);
      }
    });

    it('counts no event that was published', async () => {
      await append(10);
      await server.database.query(
        `update outbox set published_at = now() where aggregateid <> 'hdl_3'`,
      );
      expect((await new PostgresOutboxGauge(database).measure()).records).toBe(1);
    });

    it('closes a budget exactly at its edge', async () => {
      await append(20);
      const outboxBytesMax = await bytesWaiting();
      const gauge = new PostgresOutboxGauge(database);
      const strictGraceSeconds = 60;
      const budget = new EvidenceBudget({
        clock: new SystemClock(),
        outboxBytesMax,
        strictGraceSeconds,
      });
      budget.measured((await gauge.measure()).bytes);
      expect(() => budget.requireRoomForExchange()).not.toThrow();
      await append(1);
      budget.measured((await gauge.measure()).bytes);
      expect(() => budget.requireRoomForExchange()).toThrow(DependencyUnavailable);
      expect(() => budget.requireRoomForCall()).not.toThrow();
    });

    it('is watched from the start on, until it is stopped, and says when it cannot be read', async () => {
      const measures: number[] = [];
      const problems: string[] = [];
      const own = await PostgresDatabase.connect({
        url: await server.urlAs('postern_proxy'),
        applicationName: 'watch',
        poolSize: 1,
      });
      const watch = await OutboxWatch.start({
        gauge: new PostgresOutboxGauge(own),
        budget: { measured: (bytes) => measures.push(bytes) },
        onProblem: (message) => problems.push(message),
      });
      expect(measures).toEqual([0]);
      await append(1);
      await until('the next measure', () => measures.length > 1);
      expect(measures[1]).toBe(await bytesWaiting());
      await own.close();
      await until('a problem', () => problems.length > 0);
      expect(problems[0]).toBe('the outbox cannot be measured');
      await watch.stop();
    });

    it('is not watched at all when it cannot be read at first', async () => {
      const own = await PostgresDatabase.connect({
        url: server.url,
        applicationName: 'watch',
        poolSize: 1,
      });
      await own.close();
      const parts = { gauge: new PostgresOutboxGauge(own), budget: { measured: () => undefined } };
      await expect(OutboxWatch.start({ ...parts, onProblem: () => undefined })).rejects.toThrow(
        DependencyUnavailable,
      );
    });
  });
});
