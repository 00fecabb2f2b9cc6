import {
  PostgresCredentialBook,
  PostgresCredentialCensus,
  PostgresDatabase,
  PostgresIntakeKeys,
  PostgresLoginBudget,
  PostgresRotationStore,
  PostgresRotationUpkeep,
} from '#adapters/postgres';
import { EventFactory } from '#events';
import { SystemClock } from '#kernel';
import { type RotationStoresUnderTest } from '#testing';
import {
  type PosternRole,
  type PostgresMajor,
  type TestDatabase,
  testPostgres,
} from '#test-support';

/** What tells of time, by table. */
const TIMES = {
  credential: ['try_due_at', 'ask_after', 'cleared_until'],
  rotation: ['due_at', 'deadline_at', 'state_since', 'requested_at', 'ended_at', 'lease_until'],
  version_to_destroy: ['due_at'],
  wrap_receipt: ['seen_at'],
  proxy_instance: ['reported_at'],
  credential_refusal: ['refused_at'],
  login_attempt: ['fails_at'],
} as const;

const clock = new SystemClock();
export const proxyEvents = new EventFactory({
  clock,
  environment: 'test',
  deployment: 'contract',
  component: 'proxy',
});

/** A migrated database, and what rotators, proxies and control have of it, each with its own rights and no others. */
export class RotationFixture {
  private readonly databases: PostgresDatabase[] = [];

  private constructor(readonly server: TestDatabase) {}

  static async open(major: PostgresMajor): Promise<RotationFixture> {
    return new RotationFixture((await testPostgres(major))!);
  }

  async as(role: PosternRole, poolSize = 10): Promise<PostgresDatabase> {
    const url = await this.server.urlAs(role);
    const database = await PostgresDatabase.connect({ url, applicationName: role, poolSize });
    this.databases.push(database);
    return database;
  }

  async stores(): Promise<RotationStoresUnderTest> {
    const [rotator, otherRotator, control, proxy, otherProxy] = await Promise.all([
      this.as('postern_rotator'),
      this.as('postern_rotator'),
      this.as('postern_control'),
      this.as('postern_proxy'),
      this.as('postern_proxy'),
    ]);
    return {
      store: new PostgresRotationStore(rotator),
      twin: new PostgresRotationStore(otherRotator),
      control: new PostgresRotationStore(control),
      book: new PostgresCredentialBook(rotator),
      census: new PostgresCredentialCensus(proxy, proxyEvents),
      otherCensus: new PostgresCredentialCensus(otherProxy, proxyEvents),
      budget: new PostgresLoginBudget(rotator),
      otherBudget: new PostgresLoginBudget(otherRotator),
      upkeep: new PostgresRotationUpkeep(rotator),
      intakeKeys: new PostgresIntakeKeys(rotator),
      now: () => clock.now(),
      pass: (seconds) => this.pass(seconds),
      eventTypes: (partitionKey) => this.eventTypes(partitionKey),
      close: () => Promise.resolve(),
    };
  }

  /** No clock of a server can be moved: what is stored becomes older instead. */
  async pass(seconds: number): Promise<void> {
    const changes = Object.entries(TIMES).map(([table, columns]) => {
      const older = columns.map((column) => `${column} = ${column} - interval '${seconds} s'`);
      return `update ${table} set ${older.join(', ')}`;
    });
    await this.server.database.query(changes.join(';\n'));
  }

  async eventTypes(partitionKey: string): Promise<string[]> {
    const rows = await this.server.database.query<{ type: string }>(
      'select type from outbox where aggregateid = $1 order by seq',
      [partitionKey],
    );
    return rows.map(({ type }) => type);
  }

  async reset(): Promise<void> {
    await this.server.database.query(
      `truncate ${Object.keys(TIMES).join(', ')}, rotation_intake_key, outbox, event_sequence`,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.databases.splice(0).map((database) => database.close()));
    await this.server.drop();
  }
}
