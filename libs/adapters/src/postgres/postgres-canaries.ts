import { type EventFactory } from '#events';
import { randomId } from '#kernel';
import { type PostgresDatabase } from './postgres-database.js';

export interface PostgresCanariesParts {
  readonly database: PostgresDatabase;
  readonly events: EventFactory;
  /** Between two canaries of one shard, over all relays; default 10, at least 1. */
  readonly everySeconds?: number;
}

const EVERY_SECONDS = 10;
/** Relays ask at their own pace: one that comes a little early is not sent away. */
const EARLY_SECONDS = 0.5;

const FIND_DUE = `
  select shard, partition_key from public.canary
  where beaten_at <= clock_timestamp() - make_interval(secs => $1) order by shard`;

/**
 * Writes canaries into the outbox. Many relays may do so at once: a shard gets one in the time. The database accepts
 * nothing else from a relay. Needs the role postern_relay.
 */
export class PostgresCanaries {
  constructor(private readonly parts: PostgresCanariesParts) {}

  /** Resolves to how many were due, and were written. @throws DependencyUnavailable */
  async beat(): Promise<number> {
    const { database, everySeconds = EVERY_SECONDS } = this.parts;
    const seconds = Math.max(everySeconds - EARLY_SECONDS, 1);
    const due = await database.query<{ shard: number; partition_key: string }>(
      FIND_DUE,
      [seconds],
      { name: 'canaries-due' },
    );
    if (due.length === 0) return 0;
    const events = due.map(({ shard, partition_key: partitionKey }) =>
      this.parts.events.create('dev.postern.canary.beat.v1', {
        subject: `canary/shard-${shard}`,
        partitionKey,
        correlationId: randomId('can'),
        data: { shard },
      }),
    );
    const [row] = await database.query<{ appended: number }>(
      'select public.append_canaries($1::jsonb, make_interval(secs => $2)) as appended',
      [JSON.stringify(events), seconds],
      { name: 'append-canaries' },
    );
    return row?.appended ?? 0;
  }
}
