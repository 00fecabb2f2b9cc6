import { type EventFactory } from '#events';
import { type Handle, wasGivenTo } from '#handles';
import { epochSeconds } from '#kernel';
import { type CallAttempt } from './call-attempt.js';
import { type CallStart, type FirstUse } from './call-ledger.js';
import { type PresentedHandle } from './presented-handle.js';

/** A call that may be the first one with its handle. */
export interface PossiblyFirst {
  readonly handle: Handle;
  readonly presented: PresentedHandle;
  readonly start: CallStart;
  readonly attempt: CallAttempt;
}

/**
 * Makes the events of first uses. Which call is the first the ledger says: here is only known of which handles it has
 * been told for certain, so that their calls carry no event. What a look-up says of that is as old as the look-up; what
 * this process told itself is kept by the object that was looked up, and goes with it.
 */
export class FirstUses {
  readonly #told = new WeakSet<Handle>();

  constructor(private readonly events: EventFactory) {}

  isTold(handle: Handle): boolean {
    return handle.firstUseTold || this.#told.has(handle);
  }

  /** A call with it was counted. */
  told(handle: Handle): void {
    this.#told.add(handle);
  }

  event({ handle, presented, start, attempt }: PossiblyFirst): FirstUse {
    const sameClient = wasGivenTo(handle, presented.handle, attempt.context.peerAddress);
    return this.events.create('dev.postern.handle.first_used.v1', {
      subject: `handle/${handle.id}`,
      partitionKey: handle.id,
      correlationId: start.correlationId,
      at: start.startedAt,
      data: {
        handle_id: handle.id,
        family_id: handle.familyId,
        issued_at: epochSeconds(handle.issuedAt),
        delay_ms: Math.max(0, start.startedAt.getTime() - handle.issuedAt.getTime()),
        ...(sameClient === undefined ? {} : { same_client: sameClient }),
      },
    });
  }
}
