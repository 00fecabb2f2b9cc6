import { type Digest } from '#kernel';
import { type OrderReceipt } from './handle-change.js';

/** Which signed orders were carried out (RFC 8417 section 2.2, `jti`). May be used at once by many. */
export abstract class OrderReceipts {
  /** The mark of the receipt with this key. @throws DependencyUnavailable */
  abstract find(key: Digest): Promise<string | undefined>;

  /**
   * Keeps the receipt of an order that changes no handle, with its events: together or not at all. Where there is one
   * already, nothing is written, and it resolves to that one's mark.
   * @throws DependencyUnavailable, EventTooLarge
   */
  abstract keep(receipt: OrderReceipt): Promise<string | undefined>;

  /** Forgets receipts that expired before `now`; resolves to how many. @throws DependencyUnavailable */
  abstract purge(now: Date): Promise<number>;
}
