import {
  type EventFactory,
  type HandleAction,
  type PosternEvent,
  type RevocationInitiator,
} from '#events';
import {
  type Handle,
  type HandleChange,
  type HandleChangeOutcome,
  type HandleChangeSum,
  type HandleSelector,
  type HandleStore,
  type OrderReceipt,
  targetOf,
} from '#handles';
import { type Clock, epochSeconds } from '#kernel';

const REASON_CHARACTERS_MAX = 256;

/** What somebody asks to be done with the handles that a selector names. */
export interface HandleOrder {
  readonly action: HandleAction;
  readonly selector: HandleSelector;
  /** Only handles whose subject is of one of these issuers (`iss`); undefined: of any. */
  readonly within?: ReadonlySet<string> | undefined;
  /** The first 256 characters are kept. */
  readonly reason: string;
  readonly initiator: RevocationInitiator;
  /** subject_id or handle_id of who asked, or the id of a transmitter. */
  readonly initiatorId: string | undefined;
  readonly correlationId: string;
  /** Of the detection whose response it is. */
  readonly detectionId?: string;
  readonly receipt?: OrderReceipt | undefined;
}

export interface ChangeHandlesParts {
  readonly handles: HandleStore;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** Revokes, suspends and resumes: each handle with its event, and the change as a whole with that of its target. */
export class ChangeHandles {
  constructor(private readonly parts: ChangeHandlesParts) {}

  /** Again: nothing more happens. @throws DependencyUnavailable: then some of it may have been done. */
  carryOut(order: HandleOrder): Promise<HandleChangeOutcome> {
    const { action, selector, within, receipt } = order;
    const at = this.parts.clock.now();
    const change = {
      ...{ selector, within, at, receipt },
      eventOf: (handle: Handle) => this.#handleEvent(order, handle, at),
      stateOf: (sum: HandleChangeSum) => this.#stateEvent(order, sum, at),
    };
    return this.parts.handles.change(asked(action, change, order));
  }

  #handleEvent(order: HandleOrder, handle: Handle, at: Date): PosternEvent {
    const draft = {
      subject: `handle/${handle.id}`,
      partitionKey: handle.id,
      correlationId: order.correlationId,
    };
    const initiated = {
      handle_id: handle.id,
      family_id: handle.familyId,
      scope: order.selector.scope,
      reason: reasonOf(order),
      initiator: order.initiator,
      ...(order.initiatorId === undefined ? {} : { initiator_id: order.initiatorId }),
      ...(order.detectionId === undefined ? {} : { detection_id: order.detectionId }),
    };
    const seconds = epochSeconds(at);
    const { events } = this.parts;
    switch (order.action) {
      case 'revoke':
        return events.create('dev.postern.handle.revoked.v1', {
          ...draft,
          data: { ...initiated, revoked_at: seconds },
        });
      case 'suspend':
        return events.create('dev.postern.handle.suspended.v1', {
          ...draft,
          data: { ...initiated, suspended_at: seconds },
        });
      case 'resume':
        return events.create('dev.postern.handle.resumed.v1', {
          ...draft,
          data: { ...initiated, resumed_at: seconds },
        });
    }
  }

  #stateEvent(order: HandleOrder, sum: HandleChangeSum, at: Date): PosternEvent {
    const { selector } = order;
    const target = targetOf(selector);
    return this.parts.events.create('dev.postern.revocation.state.v1', {
      subject: `revocation/${target}`,
      partitionKey: target,
      correlationId: order.correlationId,
      data: {
        action: STATES[order.action],
        scope: selector.scope,
        id: selector.id,
        ...(selector.scope === 'key' ? { issuer: selector.issuer } : {}),
        ...(selector.scope === 'task' ? { subject_id: selector.subjectId } : {}),
        ...(sum.familyId === undefined ? {} : { family_id: sum.familyId }),
        at: epochSeconds(at),
        reason: reasonOf(order),
        handles: sum.handles,
        until: epochSeconds(sum.until),
      },
    });
  }
}

const STATES = { revoke: 'revoked', suspend: 'suspended', resume: 'resumed' } as const;

const reasonOf = ({ reason }: HandleOrder): string => reason.slice(0, REASON_CHARACTERS_MAX);

function asked(
  action: HandleAction,
  change: Omit<Extract<HandleChange, { action: 'revoke' }>, 'action'>,
  order: HandleOrder,
): HandleChange {
  if (action !== 'suspend') return { action, ...change };
  const { initiator, initiatorId } = order;
  return { action, ...change, reason: reasonOf(order), initiator, initiatorId };
}

/** The event that takes a target from the compacted topic. */
export const clearedEvent = (events: EventFactory, target: string): PosternEvent =>
  events.create('dev.postern.revocation.cleared.v1', {
    subject: `revocation/${target}`,
    partitionKey: target,
    correlationId: 'cleared',
    data: {},
  });
