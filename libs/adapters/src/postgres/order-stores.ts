import { type OrderReceipts, type RevocationStates, type Suspensions } from '#handles';
import { type PostgresDatabase } from './postgres-database.js';
import { PostgresOrderReceipts } from './postgres-order-receipts.js';
import { PostgresRevocationStates } from './postgres-revocation-states.js';
import { PostgresSuspensions } from './postgres-suspensions.js';

/** What whoever takes orders remembers of them. */
export interface OrderStores {
  readonly suspensions: Suspensions;
  readonly receipts: OrderReceipts;
  readonly states: RevocationStates;
}

/** All of it in one database. */
export const orderStores = (database: PostgresDatabase): OrderStores => ({
  suspensions: new PostgresSuspensions(database),
  receipts: new PostgresOrderReceipts(database),
  states: new PostgresRevocationStates(database),
});
