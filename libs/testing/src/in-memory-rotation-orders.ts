import { randomId } from '#kernel';
import { type CommandedRotation, type RotationOrderOutcome, RotationOrders } from '#oauth';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';

/** Rotations that were commanded, of one resource `ledger`, in memory. One at a time, until the test ends it. */
export class InMemoryRotationOrders extends RotationOrders {
  readonly orders: CommandedRotation[] = [];
  isActive = false;

  constructor(private readonly journal: InMemoryEventJournal) {
    super();
  }

  override async request(order: CommandedRotation): Promise<RotationOrderOutcome> {
    const { resource, occurrence } = order;
    if (resource !== 'ledger') return { kind: 'unknown_target', rule: 'it is not rotated' };
    if (this.orders.some((other) => other.occurrence === occurrence)) return { kind: 'repeated' };
    if (this.isActive) return { kind: 'not_possible', rule: 'another one has not ended' };
    this.journal.record(order.told(randomId('rot')));
    this.orders.push(order);
    this.isActive = true;
    return { kind: 'requested' };
  }
}
