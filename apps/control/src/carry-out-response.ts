import {
  isRestriction,
  type PlannedResponse,
  type ResponseOrder,
  type ResponseResult,
} from '#detection';
import { type EventFactory } from '#events';
import {
  type HandleSelector,
  type HandleStore,
  type RestrictionTerms,
  type Suspensions,
} from '#handles';
import { type Clock } from '#kernel';
import { type ChangeHandles } from '#oauth';
import { RequestRotation, RotationRefused } from '#rotation';
import { type DetectionPorts } from './detection-ports.js';
import { receiptOf } from './response-receipt.js';
import { restrictionTerms } from './restriction-terms.js';
import { type Restrictions } from './restrictions.js';
import { type RotationPorts } from './rotations.js';
import { standingOf } from './standing-suspension.js';

export interface CarryOutResponseParts {
  readonly environment: string;
  readonly handles: HandleStore;
  readonly suspensions: Suspensions;
  readonly changes: ChangeHandles;
  readonly rotation: RotationPorts;
  readonly detection: Pick<DetectionPorts, 'store' | 'usual' | 'zones' | 'settings'>;
  readonly restrictions: Restrictions;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** What Postern can do by itself about handles. */
const ACTIONS = {
  revoke_handle: 'revoke',
  revoke_family: 'revoke',
  suspend_handle: 'suspend',
  suspend_grant: 'suspend',
  disable_grant: 'suspend',
} as const;
type HandleResponse = keyof typeof ACTIONS;

const isHandleResponse = (action: string): action is HandleResponse =>
  Object.hasOwn(ACTIONS, action);

/**
 * Does what an order of a detection says, once: its receipt is written with the last of its effects. Only handles of this
 * deployment. What Postern cannot do is not pretended: it is `nothing_to_do`.
 */
export class CarryOutResponse {
  readonly #requests: RequestRotation;

  constructor(private readonly parts: CarryOutResponseParts) {
    const { rotation, events, clock } = parts;
    this.#requests = new RequestRotation({ ...rotation, events, clock });
  }

  /** @throws DependencyUnavailable: it must be done again */
  async carryOut(order: ResponseOrder): Promise<ResponseResult> {
    const { action } = order.response;
    if (action === 'request_rotation') return this.#rotate(order);
    if (isRestriction(action)) return this.#restrict(order);
    if (!isHandleResponse(action)) return 'nothing_to_do';
    const selector = await this.#selectorOf(order.response);
    if (selector === undefined) return 'nothing_to_do';
    const change = ACTIONS[action];
    const outcome = await this.parts.changes.carryOut({
      ...{ action: change, selector },
      ...initiated(order),
      detectionId: order.detectionId,
      receipt: receiptOf(order, 'response'),
    });
    if (outcome.kind === 'repeated' || outcome.handles.length > 0) return 'done';
    return change === 'suspend' && (await this.#stands(order, selector)) ? 'done' : 'nothing_to_do';
  }

  /**
   * Ends a suspension that was for a time, unless it is another's by now, and a restriction before its time; over they are by
   * themselves. @throws DependencyUnavailable
   */
  async takeBack(order: ResponseOrder, by?: Initiated): Promise<boolean> {
    const { action } = order.response;
    if (isRestriction(action)) {
      return by === undefined ? false : this.parts.restrictions.liftOf(order, by);
    }
    if (!isHandleResponse(action) || ACTIONS[action] !== 'suspend') return false;
    const selector = await this.#selectorOf(order.response);
    if (selector === undefined || !(await this.#stands(order, selector))) return false;
    await this.parts.changes.carryOut({
      ...{ action: 'resume', selector },
      ...(by ?? initiated(order)),
      detectionId: order.detectionId,
      receipt: receiptOf(order, 'response-end'),
    });
    return true;
  }

  /** Whether the suspension of the selector is the one that this order placed. */
  async #stands({ detectionId }: ResponseOrder, selector: HandleSelector): Promise<boolean> {
    const standing = await standingOf(this.parts.suspensions, selector);
    return standing?.initiator === 'policy' && standing.initiatorId === detectionId;
  }

  async #selectorOf({ target }: PlannedResponse): Promise<HandleSelector | undefined> {
    const [kind = '', ...rest] = target.split(':');
    const id = rest.join(':');
    switch (kind) {
      case 'handle_fp':
        return this.#ownHandle({ fingerprint: id });
      case 'handle':
        return this.#known(id);
      case 'family':
        return (await this.#isOwn({ familyId: id })) ? { scope: 'family', id } : undefined;
      case 'grant':
        return { scope: 'grant', id };
      default:
        return undefined;
    }
  }

  async #restrict(order: ResponseOrder): Promise<ResponseResult> {
    const { detection, restrictions } = this.parts;
    const found = await detection.store.find(order.detectionId);
    if (found === undefined) return 'nothing_to_do';
    const terms = await restrictionTerms(order, found, detection);
    if (terms === undefined || !(await this.#isHere(terms))) return 'nothing_to_do';
    return restrictions.impose(order, terms);
  }

  /** A handle of another deployment, or of nobody, needs no restriction here. */
  async #isHere({ kind, entityId }: RestrictionTerms): Promise<boolean> {
    return kind !== 'bytes_rate' || (await this.#known(entityId)) !== undefined;
  }

  async #known(id: string): Promise<HandleSelector | undefined> {
    const handle = await this.parts.handles.findById(id);
    return handle?.environment === this.parts.environment ? { scope: 'handle', id } : undefined;
  }

  async #ownHandle(filter: { readonly fingerprint: string }): Promise<HandleSelector | undefined> {
    // Of two whose digests begin alike nobody can say which was meant.
    const [handle, another] = await this.parts.handles.list({ ...filter, limit: 2 });
    if (handle === undefined || another !== undefined) return undefined;
    return handle.environment === this.parts.environment
      ? { scope: 'handle', id: handle.id }
      : undefined;
  }

  async #isOwn(filter: { readonly familyId: string }): Promise<boolean> {
    const [handle] = await this.parts.handles.list({ ...filter, limit: 1 });
    return handle?.environment === this.parts.environment;
  }

  async #rotate(order: ResponseOrder): Promise<ResponseResult> {
    const resource = order.response.target.replace(/^resource:/, '');
    const { reason, initiatorId, correlationId } = initiated(order);
    try {
      const { kind } = await this.#requests.request({
        ...{ resource, reason, initiatorId, correlationId },
        ...{ origin: 'generated', trigger: 'compromise', occurrence: `detection:${order.id}` },
      });
      return kind === 'active' ? 'nothing_to_do' : 'done';
    } catch (error) {
      if (error instanceof RotationRefused) return 'nothing_to_do';
      throw error;
    }
  }
}

/** As whom and why something is done, for its events. */
export interface Initiated {
  readonly reason: string;
  readonly initiator: 'policy' | 'admin';
  readonly initiatorId: string;
  readonly correlationId: string;
}

/** Whoever follows the correlation id of a detection finds what was done about it. */
const initiated = ({ rule, detectionId }: ResponseOrder): Initiated => ({
  reason: `detection ${rule}`,
  initiator: 'policy',
  initiatorId: detectionId,
  correlationId: detectionId,
});
