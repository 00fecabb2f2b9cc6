import { type Clock, epochSeconds } from '#kernel';
import { type EventFactory, type RevocationInitiator } from '#events';
import { type Handle, type HandleSelector, type HandleStore } from '#handles';

export interface RevocationOrder {
  readonly selector: HandleSelector;
  readonly reason: string;
  readonly initiator: RevocationInitiator;
  /** subject_id or handle_id of who asked. */
  readonly initiatorId: string | undefined;
  readonly correlationId: string;
}

/** Revokes what a selector names, each handle with its event. Again: nothing more happens. */
export class RevokeHandles {
  constructor(
    private readonly parts: {
      readonly handles: HandleStore;
      readonly events: EventFactory;
      readonly clock: Clock;
    },
  ) {}

  /** Resolves to the handles that this revoked. @throws DependencyUnavailable: then nothing was revoked. */
  async revoke(order: RevocationOrder): Promise<readonly Handle[]> {
    const { handles, events, clock } = this.parts;
    const at = clock.now();
    return handles.revoke({
      selector: order.selector,
      at,
      eventOf: (handle) =>
        events.create('dev.postern.handle.revoked.v1', {
          subject: `handle/${handle.id}`,
          partitionKey: handle.id,
          correlationId: order.correlationId,
          data: {
            handle_id: handle.id,
            family_id: handle.familyId,
            scope: order.selector.scope,
            reason: order.reason.slice(0, 256),
            initiator: order.initiator,
            ...(order.initiatorId === undefined ? {} : { initiator_id: order.initiatorId }),
            revoked_at: epochSeconds(at),
          },
        }),
    });
  }
}
