import { type Backlog, backlogOf, OUTBOX_SHARDS, type OutboxBacklog, OutboxGauge } from '#events';
import { type PostgresDatabase } from './postgres-database.js';

interface ShardRow {
  readonly shard: number;
  readonly records: string;
  readonly bytes: string;
  readonly age_seconds: number;
  /** Where to go on in this shard; null when it was counted whole. */
  readonly counted_to: string | null;
}

const ASK = `
  select shard, records, bytes, age_seconds, counted_to
  from public.outbox_pressure($1, $2, make_interval(secs => $3))`;
const PART_SECONDS = 1;
const NOTHING: Backlog = { records: 0, bytes: 0, oldestAgeSeconds: 0 };

/** Every process's role may ask this. Calls in turn: one at a time. */
export class PostgresOutboxGauge extends OutboxGauge {
  readonly #shards = new Map<number, Backlog>();
  #next = { shard: 0, seq: '0' };
  /** Of the next shard, what was counted of it so far. */
  #counted = NOTHING;

  /** `partSeconds`: after so long, what was counted is told, and the rest is asked for by the next question. */
  constructor(
    private readonly database: PostgresDatabase,
    private readonly partSeconds = PART_SECONDS,
  ) {
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
    const { shard, seq } = this.#next;
    const rows = await this.database.query<ShardRow>(ASK, [shard, seq, this.partSeconds], {
      name: 'outbox-pressure',
    });
    for (const row of rows) this.#take(row);
  }

  #take({ shard, counted_to: seq, ...row }: ShardRow): void {
    const counted: Backlog = {
      records: this.#counted.records + Number(row.records),
      bytes: this.#counted.bytes + Number(row.bytes),
      oldestAgeSeconds: row.age_seconds,
    };
    const known = this.#shards.get(shard);
    const isMore = known !== undefined && counted.bytes > known.bytes;
    // A part that weighs more than the whole did is news that must not wait for the rest.
    if (seq === null || isMore) this.#shards.set(shard, counted);
    this.#counted = seq === null ? NOTHING : counted;
    this.#next = seq === null ? { shard: (shard + 1) % OUTBOX_SHARDS, seq: '0' } : { shard, seq };
  }
}
