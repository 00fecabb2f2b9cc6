import { type HandleSelector, type HandleStore, type SubjectTokenUses } from '#handles';
import { secondsAfter } from '#kernel';
import { aHandleRevokedEvent, HANDLE_ISSUED_AT } from './handle-builders.js';

/** A handle store, with the ways round it that the contract needs. */
export interface HandleStoreUnderTest {
  readonly store: HandleStore;
  /** A second store on the same storage, as in another process; the same one where there can be no other. */
  readonly twin: HandleStore;
  readonly uses: SubjectTokenUses;
  /** Types of the durable events whose partition key is the handle's id, in order. */
  eventTypes(handleId: string): Promise<readonly string[]>;
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
