import { type BusRecord, EventBus, type Subscription, type SubscriptionHandle } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PostgresDatabase } from '../postgres/index.js';
import { EmbeddedSubscription } from './embedded-event-subscription.js';

/** Held while positions are given out. The first number spells "post". */
const POSITION_LOCK = '1886352244, 400';

// The outbox's own sequence never goes back, also when the rows that had its numbers are gone. Positions are drawn
// from a materialized list, so that they follow the order of the records.
const GIVE_POSITIONS = `
  with wanted as (
    select id, min(place) as place from unnest($1::uuid[]) with ordinality as given(id, place) group by id
  ), stored as materialized (
    select row.created_at, row.seq, row.position
    from wanted join public.outbox row on row.id = wanted.id order by wanted.place
  ), drawn as materialized (
    select created_at, seq, nextval(pg_get_serial_sequence('public.outbox', 'seq')) as position
    from stored where position is null
  ), placed as (
    update public.outbox row set position = drawn.position
    from drawn where row.created_at = drawn.created_at and row.seq = drawn.seq
  )
  select count(*)::integer as found from stored`;

/**
 * The event bus of a standalone Postern: the rows of its own outbox, in PostgreSQL. Publishing gives a row a position,
 * and a group reads on from the position that it has reached. Positions are given out by one publisher at a time, in
 * commit order: else a reader could pass a position that becomes visible later. Only records of the outbox can be
 * published. One member of a group reads a topic, the others stand by. May be used at once by many.
 */
export class EmbeddedEventBus extends EventBus {
  private readonly subscriptions = new Set<EmbeddedSubscription>();
  private closed = false;

  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  /** @throws DependencyUnavailable when PostgreSQL cannot be asked; TypeError when a record is not in the outbox. */
  override async publish(records: readonly BusRecord[]): Promise<void> {
    this.requireOpen();
    const ids = [...new Set(records.map(({ event }) => event.id))];
    if (ids.length === 0) return;
    await this.database.transaction(async (connection) => {
      await connection.query(`select pg_advisory_xact_lock(${POSITION_LOCK})`);
      const [row] = await connection.query<{ found: number }>(GIVE_POSITIONS, [ids], {
        name: 'embedded-bus-publish',
      });
      if (row?.found !== ids.length) {
        throw new TypeError('the embedded event bus publishes events of its own outbox only');
      }
    });
  }

  /** @throws DependencyUnavailable */
  override async subscribe(subscription: Subscription): Promise<SubscriptionHandle> {
    this.requireOpen();
    const member = await EmbeddedSubscription.start(this.database, subscription);
    this.subscriptions.add(member);
    return member;
  }

  override async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.subscriptions].map((member) => member.stop()));
  }

  private requireOpen(): void {
    if (this.closed) throw new DependencyUnavailable('event bus', 'the event bus is closed');
  }
}
