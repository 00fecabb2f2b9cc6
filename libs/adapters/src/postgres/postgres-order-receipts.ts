import { type OrderReceipt, OrderReceipts } from '#handles';
import { type Digest } from '#kernel';
import { append, findMark, kept } from './change-page.js';
import { eventFailure } from './json-parameter.js';
import { type PostgresDatabase } from './postgres-database.js';
import { purgeExpired } from './purge-expired.js';

/** Of two at once that keep a receipt of the same order the second sees the first. */
const TAKE_RECEIPT_LOCK = 'select pg_advisory_xact_lock(1886352244, 501)';

/** Receipts in PostgreSQL. Needs the role postern_control. */
export class PostgresOrderReceipts extends OrderReceipts {
  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  override find(key: Digest): Promise<string | undefined> {
    return findMark(this.database, { key });
  }

  override async keep(receipt: OrderReceipt): Promise<string | undefined> {
    return this.database
      .transaction(async (connection) => {
        await connection.query(TAKE_RECEIPT_LOCK);
        const mark = await findMark(connection, receipt);
        if (mark === undefined) await append(connection, await kept(connection, receipt, 0));
        return mark;
      })
      .catch((error: unknown) => {
        throw eventFailure(error);
      });
  }

  override purge(now: Date): Promise<number> {
    return purgeExpired(this.database, 'order_receipt', now);
  }
}
