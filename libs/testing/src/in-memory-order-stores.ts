import { type PosternEvent } from '#events';
import {
  type OrderReceipt,
  OrderReceipts,
  RevocationStates,
  type StandingSuspension,
  type SuspensionFilter,
  Suspensions,
} from '#handles';
import { type Digest } from '#kernel';
import { type InMemoryHandleRecords } from './in-memory-handle-records.js';

class InMemorySuspensions extends Suspensions {
  constructor(private readonly records: InMemoryHandleRecords) {
    super();
  }

  override async list(filter: SuspensionFilter): Promise<readonly StandingSuspension[]> {
    this.records.assertReachable();
    const { after = '', limit } = filter;
    const sorted = this.records.orders.suspensions
      .filter(({ target }) => target > after)
      .sort((one, other) => (one.target < other.target ? -1 : 1));
    const last = sorted[Math.min(limit, sorted.length) - 1]?.target ?? '';
    return sorted
      .filter(({ target }) => target <= last)
      .map(({ expiresAt: _, ...standing }) => standing);
  }

  override async forgetExpired(now: Date): Promise<number> {
    this.records.assertReachable();
    const { orders } = this.records;
    const kept = orders.suspensions.filter(
      ({ expiresAt }) => expiresAt === undefined || expiresAt > now,
    );
    const forgotten = orders.suspensions.length - kept.length;
    orders.suspensions = kept;
    return forgotten;
  }
}

class InMemoryOrderReceipts extends OrderReceipts {
  constructor(private readonly records: InMemoryHandleRecords) {
    super();
  }

  override async find(key: Digest): Promise<string | undefined> {
    this.records.assertReachable();
    return this.records.orders.receipts.get(key)?.mark;
  }

  override async keep(receipt: OrderReceipt): Promise<string | undefined> {
    this.records.assertReachable();
    const mark = this.records.orders.receipts.get(receipt.key)?.mark;
    if (mark !== undefined) return mark;
    this.records.journal.record(receipt.eventsOf(0));
    this.records.orders.receipts.set(receipt.key, receipt);
    return undefined;
  }

  override async purge(now: Date): Promise<number> {
    this.records.assertReachable();
    const { receipts } = this.records.orders;
    const expired = [...receipts].filter(([, { expiresAt }]) => expiresAt < now);
    for (const [key] of expired) receipts.delete(key);
    return expired.length;
  }
}

class InMemoryRevocationStates extends RevocationStates {
  constructor(private readonly records: InMemoryHandleRecords) {
    super();
  }

  override async clear(
    expiredBefore: Date,
    eventOf: (target: string) => PosternEvent,
  ): Promise<number> {
    this.records.assertReachable();
    const { states, suspensions } = this.records.orders;
    const standing = new Set(suspensions.map(({ target }) => target));
    const due = [...states]
      .filter(([target, until]) => until < expiredBefore && !standing.has(target))
      .map(([target]) => target);
    this.records.journal.record(due.map(eventOf));
    for (const target of due) states.delete(target);
    return due.length;
  }
}

export interface InMemoryOrderStores {
  readonly suspensions: Suspensions;
  readonly receipts: OrderReceipts;
  readonly states: RevocationStates;
}

/** What is remembered of orders, on the records of a handle store. */
export const inMemoryOrderStores = (records: InMemoryHandleRecords): InMemoryOrderStores => ({
  suspensions: new InMemorySuspensions(records),
  receipts: new InMemoryOrderReceipts(records),
  states: new InMemoryRevocationStates(records),
});
