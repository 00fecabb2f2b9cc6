import { type PostgresConnection } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

const ENTER = `
  insert into public.inbox (consumer, event_id) values ($1, $2) on conflict do nothing returning consumer`;

/**
 * Exactly-once effects of events that come at least once: which consumer had which event is written in the transaction
 * of the effect. Rows are kept for 14 days (`purge_consumed`): a replay of older events has its effects again. May be
 * used at once by many: two that have the same event wait for each other. Needs a role that may write the inbox:
 * postern_proxy, postern_control or postern_relay.
 */
export class PostgresInbox {
  constructor(private readonly database: PostgresDatabase) {}

  /**
   * Runs the effect, unless this consumer had the event before. When the effect rejects, nothing of it stays and the
   * event counts as not had. The effect may be run again after a deadlock: it must have none outside of the connection.
   * @throws DependencyUnavailable, and what the effect throws
   */
  once(
    consumer: string,
    eventId: string,
    effect: (connection: PostgresConnection) => Promise<void>,
  ): Promise<'done' | 'known'> {
    return this.database.transaction(async (connection) => {
      const entered = await connection.query(ENTER, [consumer, eventId], { name: 'inbox-enter' });
      if (entered.length === 0) return 'known';
      await effect(connection);
      return 'done';
    });
  }

  /** Forgets what is older than consumers need: an upkeep task. Needs the role postern_relay. */
  async purge(): Promise<void> {
    await this.database.query('select public.purge_consumed()');
  }
}
