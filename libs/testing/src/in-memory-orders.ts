import { type Handle, type OrderReceipt, type StandingSuspension, targetsOf } from '#handles';
import { type Digest } from '#kernel';

type Standing = StandingSuspension & {
  /** Of one handle. */
  readonly expiresAt: Date | undefined;
};

/** What an in-memory handle store remembers of orders. */
export class InMemoryOrders {
  suspensions: readonly Standing[] = [];
  readonly receipts = new Map<Digest, Pick<OrderReceipt, 'mark' | 'expiresAt'>>();
  /** By target, when its last handle expires. */
  readonly states = new Map<string, Date>();

  isSuspended(handle: Handle): boolean {
    const targets = targetsOf(handle);
    return this.suspensions.some(
      ({ target, issuers }) =>
        targets.includes(target) &&
        (issuers.length === 0 || issuers.includes(handle.subject.issuer)),
    );
  }
}
