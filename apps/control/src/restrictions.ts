import { type ResponseOrder, type ResponseResult } from '#detection';
import { type EventFactory, type PosternEvent } from '#events';
import {
  type CountedKind,
  RESTRICTED_ENTITY,
  restrictedTarget,
  type Restriction,
  RESTRICTION_SECONDS,
  RESTRICTION_SECONDS_MAX,
  RESTRICTION_WINDOW_SECONDS,
  type RestrictionFilter,
  type RestrictionStore,
  type RestrictionTerms,
} from '#handles';
import { type Clock, epochSeconds, randomId, secondsAfter } from '#kernel';
import { type Operator } from '#oauth';
import { RestrictionUnknown } from './admin-refusal.js';

/** What is none is not looked for: PostgreSQL takes no NUL, and an address may hold anything. */
const RESTRICTION_ID = /^rst_[A-Za-z0-9_-]{1,60}$/;
/** So long after its end one can still be looked at in the database. */
const KEPT_SECONDS = 7 * 86_400;

export interface RestrictionsParts {
  readonly restrictions: RestrictionStore;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/** Who ends a restriction before its time, and why. */
export interface Lifting {
  readonly reason: string;
  /** subject_id or handle_id of the operator. */
  readonly initiatorId: string;
  readonly correlationId: string;
}

/** Restrictions as detections impose and operators lift them; each has an end. */
export class Restrictions {
  constructor(private readonly parts: RestrictionsParts) {}

  /** Once for each order. @throws DependencyUnavailable */
  async impose(order: ResponseOrder, terms: RestrictionTerms): Promise<ResponseResult> {
    const { restrictions, events, clock } = this.parts;
    const restriction = imposedBy(order, terms, clock.now());
    const outcome = await restrictions.impose(restriction, imposedEvent(restriction, events));
    return outcome === 'full' ? 'failed' : 'done';
  }

  /** Again: nothing more happens. @throws RestrictionUnknown, DependencyUnavailable */
  async lift(id: string, reason: string, operator: Operator): Promise<Restriction> {
    const initiatorId = operator.handleId ?? operator.subjectId;
    const by = { reason, initiatorId, correlationId: randomId('req') };
    const found = RESTRICTION_ID.test(id) ? await this.#lift(id, by) : undefined;
    if (found === undefined) throw new RestrictionUnknown(id);
    return found.restriction;
  }

  /** Whether this ended what the order imposed. @throws DependencyUnavailable */
  async liftOf(order: ResponseOrder, by: Lifting): Promise<boolean> {
    return (await this.#lift(idOf(order), by))?.isLifted ?? false;
  }

  /** Those that stand, by id. @throws DependencyUnavailable */
  list(filter: RestrictionFilter): Promise<readonly Restriction[]> {
    return this.parts.restrictions.list(this.parts.clock.now(), filter);
  }

  /** Forgets those that are long over. @throws DependencyUnavailable */
  forget(): Promise<number> {
    return this.parts.restrictions.forget(secondsAfter(this.parts.clock.now(), -KEPT_SECONDS));
  }

  #lift(id: string, by: Lifting): ReturnType<RestrictionStore['lift']> {
    const { restrictions, events, clock } = this.parts;
    return restrictions.lift(id, clock.now(), (lifted) => liftedEvent(lifted, by, events));
  }
}

/** The same for the same order, so that who is given it again does nothing. */
const idOf = ({ id }: ResponseOrder): string => id.replace(/^[a-z]+_/, 'rst_');

function imposedBy(order: ResponseOrder, terms: RestrictionTerms, now: Date): Restriction {
  const { detectionId, rule, response } = order;
  const seconds = Math.min(response.seconds ?? RESTRICTION_SECONDS, RESTRICTION_SECONDS_MAX);
  return {
    ...terms,
    ...{ id: idOf(order), detectionId, rule, imposedAt: now, liftedAt: undefined },
    until: secondsAfter(now, seconds),
  };
}

const imposedEvent = (restriction: Restriction, events: EventFactory): PosternEvent =>
  events.create('dev.postern.restriction.imposed.v1', {
    ...placeOf(restriction),
    correlationId: restriction.detectionId,
    severity: 'WARN',
    data: {
      ...toldOf(restriction),
      until: epochSeconds(restriction.until),
      ...('limit' in restriction
        ? { limit: restriction.limit, window_seconds: windowOf(restriction.kind) }
        : {}),
      ...('resources' in restriction ? { resources: restriction.resources.length } : {}),
    },
  });

const liftedEvent = (
  restriction: Restriction,
  { reason, initiatorId, correlationId }: Lifting,
  events: EventFactory,
): PosternEvent =>
  events.create('dev.postern.restriction.lifted.v1', {
    ...placeOf(restriction),
    correlationId,
    data: { ...toldOf(restriction), reason, initiator_id: initiatorId },
  });

/** Beside the detections of the same workload. */
const placeOf = (
  restriction: Restriction,
): { readonly subject: string; readonly partitionKey: string } => ({
  subject: `restriction/${restriction.id}`,
  partitionKey:
    RESTRICTED_ENTITY[restriction.kind] === 'subject'
      ? restriction.entityId
      : restrictedTarget(restriction),
});

const toldOf = (restriction: Restriction) => ({
  restriction_id: restriction.id,
  detection_id: restriction.detectionId,
  kind: restriction.kind,
  target: restrictedTarget(restriction),
});

const windowOf = (kind: CountedKind): number => RESTRICTION_WINDOW_SECONDS[kind];
