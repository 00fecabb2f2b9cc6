import {
  orderStores,
  PostgresDatabase,
  PostgresEventJournal,
  PostgresHandleStore,
  PostgresSubjectTokenUses,
} from '#adapters/postgres';
import { eventJournalContract, handleStoreContract, subjectTokenUsesContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('handles', `postgres-${major}`, () => {
    let server: TestDatabase;
    let databases: PostgresDatabase[];

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      const url = await server.urlAs('postern_sts');
      databases = [
        await PostgresDatabase.connect({ url, applicationName: 'one' }),
        await PostgresDatabase.connect({ url, applicationName: 'two' }),
        await PostgresDatabase.connect({
          url: await server.urlAs('postern_control'),
          applicationName: 'three',
        }),
      ];
    });
    beforeEach(() =>
      server.empty(
        'handle',
        'subject_token_use',
        'suspension',
        'revocation_state',
        'order_receipt',
        'outbox',
        'event_sequence',
      ),
    );
    afterAll(async () => {
      await Promise.all(databases.map((database) => database.close()));
      await server.drop();
    });

    const recorded = async (key: string): Promise<{ id: string; type: string }[]> =>
      server.database.query<{ id: string; type: string }>(
        'select id, type from outbox where aggregateid = $1 order by seq',
        [key],
      );
    const make = () => ({
      store: new PostgresHandleStore(databases[0]!),
      twin: new PostgresHandleStore(databases[1]!),
      control: new PostgresHandleStore(databases[2]!),
      ...orderStores(databases[2]!),
      uses: new PostgresSubjectTokenUses(databases[0]!),
      eventTypes: async (id: string) => (await recorded(id)).map(({ type }) => type),
      close: async () => undefined,
    });

    handleStoreContract(async () => make());
    subjectTokenUsesContract(async () => make());
    eventJournalContract(async () => ({
      journal: new PostgresEventJournal(databases[0]!),
      recorded,
      close: async () => undefined,
    }));
  });
});
