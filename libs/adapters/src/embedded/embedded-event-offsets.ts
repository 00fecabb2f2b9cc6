import { OUTBOX_SHARDS, type Topic } from '#events';
import { type PostgresConnection } from '../postgres/index.js';

export const ALL_SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

// Whoever comes first decides where the group begins: `on conflict do nothing`. Positions that become visible later are
// all larger than those that are visible now, since they are given out in commit order.
const FIRST = `
  select $1::text, topic, shard,
    case when $4 then 0 else coalesce((
      select max(position) from public.outbox where outbox.shard = place.shard and position is not null
    ), 0) end as position
  from unnest($2::text[]) as topic cross join unnest($3::smallint[]) as place(shard)`;
const STORE_FIRST = `
  insert into public.embedded_bus_offset (group_name, topic, shard, position) ${FIRST} on conflict do nothing`;

// Never backwards: a member that lost its lock may store late what another has gone beyond.
const STORE = `
  update public.embedded_bus_offset stored set position = reached.position
  from unnest($2::text[], $3::smallint[], $4::bigint[]) as reached(topic, shard, position)
  where group_name = $1 and stored.topic = reached.topic and stored.shard = reached.shard
    and stored.position < reached.position`;

interface OffsetRow {
  readonly topic: Topic;
  readonly shard: number;
  readonly position: string;
}

/** How far a group has come in its topics, shard by shard: what is stored, and what is handled but not yet stored. */
export class GroupOffsets {
  private positions = new Map<string, bigint>();
  private readonly unstored = new Map<string, OffsetRow>();

  constructor(
    private readonly group: string,
    private readonly topics: readonly Topic[],
    private readonly keeping: 'stored' | 'forgotten',
  ) {}

  /** Gives a group that has none its first offsets. */
  async begin(connection: PostgresConnection, from: 'earliest' | 'latest'): Promise<void> {
    const values = [this.group, this.topics, ALL_SHARDS, from === 'earliest'];
    if (this.keeping === 'stored') await connection.query(STORE_FIRST, values);
    else this.take(await connection.query<OffsetRow>(FIRST, values));
  }

  async load(connection: PostgresConnection): Promise<void> {
    if (this.keeping === 'forgotten') return;
    const rows = await connection.query<OffsetRow>(
      `select topic, shard, position from public.embedded_bus_offset where group_name = $1 and topic = any($2)`,
      [this.group, this.topics],
    );
    this.take(rows);
  }

  /** Where reading of the shard begins: the least of its topics'. */
  leastOf(shard: number): bigint {
    const positions = this.topics.map((topic) => this.of(topic, shard));
    return positions.reduce((least, position) => (position < least ? position : least));
  }

  of(topic: Topic, shard: number): bigint {
    return this.positions.get(nameOf({ topic, shard })) ?? 0n;
  }

  moveTo(row: OffsetRow): void {
    this.positions.set(nameOf(row), BigInt(row.position));
    this.unstored.set(nameOf(row), row);
  }

  async store(connection: PostgresConnection): Promise<void> {
    const rows = [...this.unstored.values()];
    if (rows.length === 0 || this.keeping === 'forgotten') return;
    await connection.query(
      STORE,
      [
        this.group,
        rows.map(({ topic }) => topic),
        rows.map(({ shard }) => shard),
        rows.map(({ position }) => position),
      ],
      { name: 'embedded-bus-store' },
    );
    this.unstored.clear();
  }

  private take(rows: readonly OffsetRow[]): void {
    this.unstored.clear();
    this.positions = new Map(rows.map((row) => [nameOf(row), BigInt(row.position)]));
  }
}

const nameOf = ({ topic, shard }: { topic: Topic; shard: number }): string => `${shard}/${topic}`;
