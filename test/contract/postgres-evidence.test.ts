import {
  PostgresDatabase,
  PostgresEventJournal,
  PostgresEvidence,
  PostgresReviewNotices,
} from '#adapters/postgres';
import { DependencyUnavailable } from '#kernel';
import { aDenialEvent, evidenceContract, reviewNoticesContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { MAJORS } from './postgres-majors.js';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('what control reads and tells', `postgres-${major}`, () => {
    let server: TestDatabase;
    let databases: PostgresDatabase[];

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      const url = await server.urlAs('postern_control');
      databases = [
        await PostgresDatabase.connect({ url, applicationName: 'one' }),
        await PostgresDatabase.connect({ url, applicationName: 'two' }),
      ];
    });
    beforeEach(() => server.empty('outbox', 'event_sequence', 'review_notice'));
    afterAll(async () => {
      await Promise.all(databases.map((database) => database.close()));
      await server.drop();
    });

    evidenceContract(async () => ({
      evidence: new PostgresEvidence(databases[0]!),
      journal: new PostgresEventJournal(databases[1]!),
      close: async () => undefined,
    }));

    reviewNoticesContract(async () => ({
      notices: new PostgresReviewNotices(databases[0]!),
      twin: new PostgresReviewNotices(databases[1]!),
      recorded: (key) =>
        server.database.query<{ id: string }>(
          'select id from outbox where aggregateid = $1 order by seq',
          [key],
        ),
      close: async () => undefined,
    }));

    it('finds an event that was published, in whichever partition it lies', async () => {
      const event = aDenialEvent('exc_1');
      await new PostgresEventJournal(databases[0]!).append([event]);
      await server.database.query(
        `update outbox set published_at = now(), created_at = created_at - interval '3 days'`,
      );
      const evidence = new PostgresEvidence(databases[0]!);
      expect(await evidence.findByCorrelation(event.correlationid, 10)).toMatchObject([
        { id: event.id },
      ]);
    });

    it('looks up by an index in every partition, those that are made later too', async () => {
      await server.database.query(
        `create table outbox_20990101 partition of outbox for values from ('2099-01-01') to ('2099-01-02')`,
      );
      const plan = await databases[0]!.query<{ 'QUERY PLAN': string }>(
        `explain select payload from outbox where payload ->> 'correlationid' = 'req_a'`,
      );
      const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
      expect(lines).toContain('outbox_20990101');
      expect(lines).not.toContain('Seq Scan');
    });

    it('says that it is away when the server cannot be asked', async () => {
      const url = await server.urlAs('postern_control');
      const closed = await PostgresDatabase.connect({ url, applicationName: 'closed' });
      await closed.close();
      const found = new PostgresEvidence(closed).findByCorrelation('req_a', 10);
      await expect(found).rejects.toThrow(DependencyUnavailable);
    });
  });
});
