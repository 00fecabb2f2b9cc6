import { type Handle, type SubjectTokenHistory } from '#handles';
import { DependencyUnavailable, type Digest } from '#kernel';
import { InMemoryEventJournal } from './in-memory-event-journal.js';
import { InMemoryOrders } from './in-memory-orders.js';

export type StoredUse = SubjectTokenHistory & { readonly expiresAt: Date };

/** What handles and the uses of subject tokens share: one storage, one journal, one outage. */
export class InMemoryHandleRecords {
  readonly handles = new Map<string, Handle>();
  readonly uses = new Map<Digest, StoredUse>();
  readonly orders = new InMemoryOrders();
  #reachable = true;

  constructor(readonly journal: InMemoryEventJournal = new InMemoryEventJournal()) {}

  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
  }

  assertReachable(): void {
    if (!this.#reachable) {
      throw new DependencyUnavailable('handles', 'the handle store is told to be away');
    }
  }
}
