import {
  type Candidate,
  decideResponses,
  type Detection,
  detectionOf,
  type DetectionSettings,
  grownBy,
  isSame,
  newResponses,
  raisedEvent,
  type ResponseOrder,
  suppressedEvent,
  updatedEvent,
} from '#detection';
import { type EventFactory, type PosternEvent } from '#events';
import { randomId } from '#kernel';

/** What candidates come to, before any of it is written. */
export interface RaisePlan {
  readonly raised: Detection[];
  readonly updated: Detection[];
  readonly orders: ResponseOrder[];
  readonly events: PosternEvent[];
  suppressed: number;
}

interface PlanParts {
  /** Those that are known under the names of the candidates. */
  readonly known: readonly Detection[];
  /** Orders of each rule that count against its budget. */
  readonly spent: ReadonlyMap<string, number>;
  readonly settings: DetectionSettings;
  readonly events: EventFactory;
  readonly now: Date;
}

/** Decides on candidates one after the other, each with what those before it came to. */
export function planRaise(candidates: readonly Candidate[], parts: PlanParts): RaisePlan {
  const plan: RaisePlan = { raised: [], updated: [], orders: [], events: [], suppressed: 0 };
  const standing = [...parts.known];
  for (const candidate of candidates) {
    const place = standing.findIndex((detection) => isSame(detection, candidate));
    const known = standing[place];
    const now = known === undefined ? undefined : grownBy(known, candidate, parts.now);
    const fresh =
      known === undefined ? detectionOf(candidate, parts.settings, parts.now) : undefined;
    if (fresh !== undefined) {
      standing.push(fresh);
      plan.raised.push(fresh);
      plan.events.push(raisedEvent(fresh, parts.events));
      respond(plan, parts, fresh, candidate);
    } else if (known !== undefined && now !== undefined) {
      standing[place] = now;
      replaceOrAdd(plan, now);
      plan.events.push(updatedEvent(now, parts.events));
      respond(plan, parts, now, { ...candidate, responses: newResponses(known, candidate) });
    }
  }
  return plan;
}

/** A detection is raised or updated once in a plan, as it is in the end. */
function replaceOrAdd(plan: RaisePlan, detection: Detection): void {
  const raised = plan.raised.findIndex(({ id }) => id === detection.id);
  const updated = plan.updated.findIndex(({ id }) => id === detection.id);
  if (raised >= 0) plan.raised[raised] = detection;
  else if (updated >= 0) plan.updated[updated] = detection;
  else plan.updated.push(detection);
}

function respond(
  plan: RaisePlan,
  { settings, events, now, spent }: PlanParts,
  detection: Detection,
  candidate: Candidate,
): void {
  const planned = plan.orders.filter(({ rule }) => rule === candidate.rule).length;
  const total = (spent.get(candidate.rule) ?? 0) + planned;
  for (const decision of decideResponses(candidate, settings, total)) {
    if (decision.verdict === 'suppressed') {
      plan.suppressed += 1;
      plan.events.push(suppressedEvent(detection, decision.response, decision.by, events));
    } else if (decision.verdict === 'ordered') {
      plan.orders.push(orderOf(detection, decision.response, now));
    }
  }
}

const orderOf = (
  { id, rule }: Detection,
  response: ResponseOrder['response'],
  orderedAt: Date,
): ResponseOrder => ({
  id: randomId('rsp'),
  detectionId: id,
  rule,
  response,
  orderedAt,
  attempts: 0,
});
