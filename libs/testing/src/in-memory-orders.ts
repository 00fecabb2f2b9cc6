import { type Handle, isNamed, type OrderReceipt, type StandingSuspension } from '#handles';
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
    return this.suspensions.some((one) => isNamed(handle, one));
  }
}
