import { type PostgresDatabase } from './postgres-database.js';

const PURGE_PAGE = 5_000;

/**
 * Deletes the rows of a memory that expired before `now`, in pages of 5,000, and resolves to how many there were. No lock
 * is taken before: the roles may not update. Two at once only wait for each other.
 */
export async function purgeExpired(
  database: PostgresDatabase,
  table: 'proof_use' | 'order_receipt',
  now: Date,
): Promise<number> {
  let forgotten = 0;
  for (;;) {
    const page = await database.query(
      `delete from public.${table} where key in (
         select key from public.${table} where expires_at < $1 order by expires_at limit ${PURGE_PAGE})
       returning 1`,
      [now],
    );
    forgotten += page.length;
    if (page.length < PURGE_PAGE) return forgotten;
  }
}
