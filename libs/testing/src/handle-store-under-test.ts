import { type PosternEvent } from '#events';
import {
  type HandleSelector,
  type HandleStore,
  type HandleSuspension,
  type OrderReceipt,
  type OrderReceipts,
  type RevocationStates,
  type SubjectTokenUses,
  type Suspensions,
} from '#handles';
import { secondsAfter, sha256 } from '#kernel';
import { aDenialEvent, aHandleRevokedEvent, HANDLE_ISSUED_AT } from './handle-builders.js';

/** A handle store, with the ways round it that the contract needs. */
export interface HandleStoreUnderTest {
  readonly store: HandleStore;
  /** A second store on the same storage, as in another process; the same one where there can be no other. */
  readonly twin: HandleStore;
  /** On the same storage, as in a process that takes orders. */
  readonly control: HandleStore;
  readonly suspensions: Suspensions;
  readonly receipts: OrderReceipts;
  readonly states: RevocationStates;
  readonly uses: SubjectTokenUses;
  /** Types of the durable events with this partition key, in order: that of a handle's events is its id. */
  eventTypes(partitionKey: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const ISSUED = 'dev.postern.handle.issued.v1';
export const REVOKED = 'dev.postern.handle.revoked.v1';
/** A second after the handles of the builders are issued. */
export const SOON = secondsAfter(HANDLE_ISSUED_AT, 1);

export const revocation = (selector: HandleSelector, at = SOON) => ({
  selector,
  at,
  eventOf: aHandleRevokedEvent,
});

/** An event of the target as a whole; its partition key is the text. */
export const aStateEvent = (partitionKey: string): PosternEvent => aDenialEvent(partitionKey);

export const suspension = (
  selector: HandleSelector,
  more: Partial<HandleSuspension> = {},
): HandleSuspension => ({
  ...revocation(selector),
  reason: 'a contract test',
  initiator: 'admin',
  initiatorId: 'sub_operator',
  ...more,
});

/** Its event has the key as partition key. */
export const aReceipt = (name: string, mark = 'here'): OrderReceipt => ({
  key: sha256(name),
  mark,
  expiresAt: secondsAfter(SOON, 60),
  eventsOf: () => [aStateEvent(name)],
});
