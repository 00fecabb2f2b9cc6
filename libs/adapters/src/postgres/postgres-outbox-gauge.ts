import { type Backlog, backlogOf, OUTBOX_SHARDS, type OutboxBacklog, OutboxGauge } from '#events';
import { type PostgresDatabase } from './postgres-database.js';

interface ShardRow {
  readonly shard: number;
  readonly records: string;
  readonly bytes: string;
  readonly age_seconds: number;
}

const ASK = 'select shard, records, bytes, age_seconds from public.outbox_pressure($1)';

/** Every process's role may ask this. Calls in turn: one at a time. */
export class PostgresOutboxGauge extends OutboxGauge {
  readonly #shards = new Map<number, Backlog>();
  #next = 0;

  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override async measure(): Promise<OutboxBacklog> {
    do await this.#askOn();
    while (this.#shards.size < OUTBOX_SHARDS); // Nothing is said before each was counted once.
    return backlogOf(
      [...this.#shards].sort(([one], [other]) => one - other).map(([, backlog]) => backlog),
    );
  }

  /** As far as the server comes in about a second. */
  async #askOn(): Promise<void> {
    const rows = await this.database.query<ShardRow>(ASK, [this.#next], {
      name: 'outbox-pressure',
    });
    for (const { shard, records, bytes, age_seconds } of rows) {
      this.#shards.set(shard, {
        records: Number(records),
        bytes: Number(bytes),
        oldestAgeSeconds: age_seconds,
      });
      this.#next = (shard + 1) % OUTBOX_SHARDS;
    }
  }
}
