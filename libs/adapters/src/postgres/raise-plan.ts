import {
  afterClosing,
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
  type SpentOrders,
  suppressedEvent,
  updatedEvent,
  withheldResponses,
} from '#detection';
import { type EventFactory, type PosternEvent } from '#events';
import { randomId } from '#kernel';

/** What candidates come to, before any of it is written. */
export interface RaisePlan {
  readonly raised: Detection[];
  readonly updated: Detection[];
  readonly orders: ResponseOrder[];
  readonly events: PosternEvent[];
  /** By these orders. */
  readonly spent: SpentOrders[];
  suppressed: number;
}

interface PlanParts {
  /** Those that are known under the names of the candidates, and what came after those that were closed. */
  readonly known: readonly Detection[];
  /** What was ordered of those. */
  readonly ordered: readonly Pick<ResponseOrder, 'detectionId' | 'response'>[];
  /** Orders that count against the budgets. */
  readonly spent: readonly SpentOrders[];
  readonly settings: DetectionSettings;
  readonly events: EventFactory;
  readonly now: Date;
}

/** Decides on candidates one after the other, each with what those before it came to. */
export function planRaise(candidates: readonly Candidate[], parts: PlanParts): RaisePlan {
  const lists = { raised: [], updated: [], orders: [], events: [], spent: [] };
  const plan: RaisePlan = { ...lists, suppressed: 0 };
  const standing = [...parts.known];
  for (const candidate of candidates) planOne(candidate, plan, standing, parts);
  return plan;
}

function planOne(
  candidate: Candidate,
  plan: RaisePlan,
  standing: Detection[],
  parts: PlanParts,
): void {
  const place = standing.findIndex((detection) => isSame(detection, candidate));
  const known = standing[place];
  if (known === undefined) {
    const fresh = detectionOf(candidate, parts.settings, parts.now);
    if (fresh === undefined) return;
    standing.push(fresh);
    plan.raised.push(fresh);
    plan.events.push(raisedEvent(fresh, parts.events));
    respond(plan, parts, fresh, candidate);
    return;
  }
  const later = afterClosing(known, candidate);
  if (later !== undefined) planOne(later, plan, standing, parts);
  if (known.closed !== undefined) return;
  const now = grownBy(known, candidate, parts.now);
  if (now !== undefined) {
    standing[place] = now;
    replaceOrAdd(plan, now);
    plan.events.push(updatedEvent(now, parts.events));
    respond(plan, parts, now, { ...candidate, responses: newResponses(known, candidate) });
  }
  makeUpFor(plan, parts, known, candidate);
}

/** What the budget had no room for. That it has none yet was told before. */
function makeUpFor(
  plan: RaisePlan,
  { ordered, settings, now, spent }: PlanParts,
  known: Detection,
  candidate: Candidate,
): void {
  const placed = [...ordered, ...plan.orders]
    .filter(({ detectionId }) => detectionId === known.id)
    .map(({ response }) => response);
  const responses = withheldResponses(known, candidate, placed, now);
  const total = spentIn(plan, spent);
  for (const { verdict, response } of decideResponses(
    { ...candidate, responses },
    settings,
    total,
  )) {
    if (verdict === 'ordered') place(plan, orderOf(known, response, now), known);
  }
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
  const total = spentIn(plan, spent);
  for (const decision of decideResponses(candidate, settings, total)) {
    if (decision.verdict === 'suppressed') {
      plan.suppressed += 1;
      plan.events.push(suppressedEvent(detection, decision.response, decision.by, events));
    } else if (decision.verdict === 'ordered') {
      place(plan, orderOf(detection, decision.response, now), detection);
    }
  }
}

const spentIn = (plan: RaisePlan, spent: PlanParts['spent']): readonly SpentOrders[] => [
  ...spent,
  ...plan.spent,
];

function place(plan: RaisePlan, order: ResponseOrder, { subjectId }: Detection): void {
  plan.orders.push(order);
  plan.spent.push({ rule: order.rule, subjectId, orders: 1 });
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
