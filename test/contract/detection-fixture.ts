import {
  PostgresDatabase,
  PostgresDetectionStore,
  PostgresEvidenceHistory,
  PostgresEvidenceLog,
  PostgresResponseOrders,
} from '#adapters/postgres';
import { type Detection, DetectionStore, type RaisedSum } from '#detection';
import { EventFactory, type PosternEvent } from '#events';
import { SystemClock } from '#kernel';
import { type DetectionStoreUnderTest, type EvidenceUnderRules } from '#testing';
import {
  type PosternRole,
  type PostgresMajor,
  type TestDatabase,
  testPostgres,
} from '#test-support';

/** Each after those that refer to it. Truncating would lock every partition, and takes longer than a few rows do. */
const TABLES = [
  ...[
    'evidence_exchange',
    'evidence_use',
    'evidence_change',
    'evidence_rotation',
    'evidence_counter',
  ],
  ...['standing_list', 'standing_move', 'vault_access'],
  ...['exchange_rollup', 'use_rollup', 'response_order', 'detection', 'rule_dry_run'],
  ...['outbox', 'event_sequence'],
];

/** Raises as the sentinel does, and closes as control does: neither has the rights of the other. */
class SharedStore extends DetectionStore {
  constructor(
    private readonly sentinel: DetectionStore,
    private readonly control: DetectionStore,
  ) {
    super();
  }

  override raise(...asked: Parameters<DetectionStore['raise']>): Promise<RaisedSum> {
    return this.sentinel.raise(...asked);
  }

  override find(id: string): Promise<Detection | undefined> {
    return this.control.find(id);
  }

  override list(...asked: Parameters<DetectionStore['list']>): Promise<readonly Detection[]> {
    return this.control.list(...asked);
  }

  override close(...asked: Parameters<DetectionStore['close']>): Promise<Detection | undefined> {
    return this.control.close(...asked);
  }
}

/** A migrated database, and what the sentinel and control have of it. */
export class DetectionFixture {
  private readonly databases: PostgresDatabase[] = [];

  private constructor(readonly server: TestDatabase) {}

  static async open(major: PostgresMajor): Promise<DetectionFixture> {
    return new DetectionFixture((await testPostgres(major))!);
  }

  async as(role: PosternRole, poolSize = 4): Promise<PostgresDatabase> {
    const url = await this.server.urlAs(role);
    const database = await PostgresDatabase.connect({ url, applicationName: role, poolSize });
    this.databases.push(database);
    return database;
  }

  async stores(): Promise<DetectionStoreUnderTest> {
    const [sentinel, otherSentinel, control, otherControl] = await Promise.all([
      this.as('postern_sentinel'),
      this.as('postern_sentinel'),
      this.as('postern_control'),
      this.as('postern_control'),
    ]);
    const events = new EventFactory({
      clock: new SystemClock(),
      environment: 'prod',
      deployment: 'postern-prod',
      component: 'control',
    });
    const shared = (one: PostgresDatabase, other: PostgresDatabase): DetectionStore =>
      new SharedStore(new PostgresDetectionStore(one), new PostgresDetectionStore(other));
    return {
      store: shared(sentinel, control),
      twin: shared(otherSentinel, otherControl),
      orders: new PostgresResponseOrders(control, events),
      told: (detectionId) => this.told(detectionId),
      close: () => Promise.resolve(),
    };
  }

  async evidence(): Promise<EvidenceUnderRules> {
    const sentinel = await this.as('postern_sentinel', 10);
    return {
      log: new PostgresEvidenceLog(sentinel),
      history: new PostgresEvidenceHistory(sentinel),
      close: () => Promise.resolve(),
    };
  }

  async reset(): Promise<void> {
    await this.server.database.query(TABLES.map((table) => `delete from ${table}`).join(';'));
  }

  async close(): Promise<void> {
    await Promise.all(this.databases.splice(0).map((database) => database.close()));
    await this.server.drop();
  }

  private async told(detectionId: string): Promise<readonly PosternEvent[]> {
    const rows = await this.server.database.query<{ payload: PosternEvent }>(
      `select payload from outbox where payload -> 'data' ->> 'detection_id' = $1 order by seq`,
      [detectionId],
    );
    return rows.map(({ payload }) => payload);
  }
}
