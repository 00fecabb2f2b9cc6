import { type PostgresDatabase } from './postgres-database.js';

export interface PostgresHandleExpiryParts {
  readonly database: PostgresDatabase;
  /** Of the events: `urn:postern:<deployment>:relay`, or `:standalone`. */
  readonly source: string;
}

const BATCH_HANDLES = 500;
/** In one go, so that other duties get their turn; what is left is done by the next. */
const BATCHES_MAX = 200;
const PURGE_HANDLES = 10_000;
const PURGES_MAX = 20;

/**
 * Tells of handles that expired without having been revoked, once each, and forgets those of more than a week ago. Many
 * processes may do so at once. Needs the role postern_relay.
 */
export class PostgresHandleExpiry {
  constructor(private readonly parts: PostgresHandleExpiryParts) {}

  /** Resolves to the number of handles that were looked after. @throws DependencyUnavailable */
  async tell(): Promise<number> {
    const { database, source } = this.parts;
    return inBatches(BATCHES_MAX, BATCH_HANDLES, async () => {
      const [row] = await database.query<{ done: number }>(
        'select public.expire_handles($1, $2) as done',
        [source, BATCH_HANDLES],
        { name: 'expire-handles' },
      );
      return row?.done ?? 0;
    });
  }

  /** Resolves to the number of handles that were forgotten. @throws DependencyUnavailable */
  async purge(): Promise<number> {
    return inBatches(PURGES_MAX, PURGE_HANDLES, async () => {
      const [row] = await this.parts.database.query<{ done: number }>(
        'select public.purge_expired_handles() as done',
      );
      return row?.done ?? 0;
    });
  }
}

/** Until a batch is not full, or there were many. */
async function inBatches(
  batchesMax: number,
  size: number,
  batch: () => Promise<number>,
): Promise<number> {
  let total = 0;
  for (let turn = 0; turn < batchesMax; turn += 1) {
    const done = await batch();
    total += done;
    if (done < size) break;
  }
  return total;
}
