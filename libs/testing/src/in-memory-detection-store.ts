import {
  afterClosing,
  type Candidate,
  closedEvent,
  decideResponses,
  type Detection,
  type DetectionFilter,
  detectionOf,
  DetectionStore,
  grownBy,
  isSame,
  newResponses,
  type PlannedResponse,
  type RaisedSum,
  raisedEvent,
  RESPONSE_BUDGET_SECONDS,
  type SpentOrders,
  suppressedEvent,
  updatedEvent,
  withheldResponses,
} from '#detection';
import { type PosternEvent } from '#events';
import { secondsAfter } from '#kernel';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';
import { type InMemoryResponseOrders } from './in-memory-response-orders.js';

type By = Parameters<DetectionStore['raise']>[1];
type Sum = { -readonly [Field in keyof RaisedSum]: RaisedSum[Field] };

/** Detections in memory, with the orders that come of them. */
export class InMemoryDetectionStore extends DetectionStore {
  readonly #detections = new Map<string, Detection>();

  constructor(
    private readonly journal: InMemoryEventJournal,
    private readonly orders: InMemoryResponseOrders,
  ) {
    super();
  }

  override async raise(candidates: readonly Candidate[], by: By): Promise<RaisedSum> {
    const sum: Sum = { raised: [], updated: [], ordered: 0, suppressed: 0 };
    for (const candidate of candidates) this.#raiseOne(candidate, by, sum);
    return sum;
  }

  override async find(id: string): Promise<Detection | undefined> {
    return this.#detections.get(id);
  }

  override async list(filter: DetectionFilter): Promise<readonly Detection[]> {
    const sorted = [...this.#detections.values()].sort(newestFirst);
    const after = sorted.findIndex(({ id }) => id === filter.after);
    return sorted
      .slice(after + 1)
      .filter((detection) => fits(detection, filter))
      .slice(0, filter.limit);
  }

  override async close(
    id: string,
    by: Parameters<DetectionStore['close']>[1],
  ): Promise<Detection | undefined> {
    const open = this.#detections.get(id);
    if (open === undefined || open.closed !== undefined) return open;
    const { now: at, resolution, operatorId, note } = by;
    const closed = { ...open, closed: { at, resolution, by: operatorId, note }, updatedAt: at };
    this.journal.record([closedEvent(closed, by.events)]);
    this.#detections.set(id, closed);
    return closed;
  }

  #raiseOne(candidate: Candidate, by: By, sum: Sum): void {
    const known = [...this.#detections.values()].find((one) => isSame(one, candidate));
    if (known === undefined) {
      const detection = detectionOf(candidate, by.settings, by.now);
      if (detection === undefined) return;
      this.#keep(detection, raisedEvent(detection, by.events));
      sum.raised = [...sum.raised, detection];
      this.#decide(detection, candidate.responses, by, sum);
      return;
    }
    const later = afterClosing(known, candidate);
    if (later !== undefined) this.#raiseOne(later, by, sum);
    if (known.closed !== undefined) return;
    const grown = grownBy(known, candidate, by.now);
    if (grown !== undefined) {
      this.#keep(grown, updatedEvent(grown, by.events));
      sum.updated = [...sum.updated, grown];
      this.#decide(grown, newResponses(known, candidate), by, sum);
    }
    this.#makeUpFor(known, candidate, by, sum);
  }

  #makeUpFor(known: Detection, candidate: Candidate, by: By, sum: Sum): void {
    const ordered = this.orders.all
      .filter(({ detectionId }) => detectionId === known.id)
      .map(({ response }) => response);
    const responses = withheldResponses(known, candidate, ordered, by.now);
    const spent = this.#spent(by);
    for (const one of decideResponses({ ...candidate, responses }, by.settings, spent)) {
      if (one.verdict !== 'ordered') continue;
      this.orders.place(known, one.response, by.now);
      sum.ordered += 1;
    }
  }

  #keep(detection: Detection, event: PosternEvent): void {
    this.journal.record([event]);
    this.#detections.set(detection.id, detection);
  }

  #spent({ now }: By): readonly SpentOrders[] {
    return this.orders.spent(secondsAfter(now, -RESPONSE_BUDGET_SECONDS));
  }

  #decide(detection: Detection, responses: readonly PlannedResponse[], by: By, sum: Sum): void {
    const spent = this.#spent(by);
    for (const decision of decideResponses({ ...detection, responses }, by.settings, spent)) {
      if (decision.verdict === 'ordered') {
        this.orders.place(detection, decision.response, by.now);
        sum.ordered += 1;
      } else if (decision.verdict === 'suppressed') {
        const event = suppressedEvent(detection, decision.response, decision.by, by.events);
        this.journal.record([event]);
        sum.suppressed += 1;
      }
    }
  }
}

const newestFirst = (one: Detection, other: Detection): number =>
  other.raisedAt.getTime() - one.raisedAt.getTime() || (one.id < other.id ? -1 : 1);

function fits(detection: Detection, filter: DetectionFilter): boolean {
  const { rule, entity, status, severity, changedBefore } = filter;
  const isOpen = detection.closed === undefined;
  return [
    rule === undefined || rule === detection.rule,
    entity === undefined ||
      (entity.type === detection.entity.type && entity.id === detection.entity.id),
    status === undefined || (status === 'open') === isOpen,
    severity === undefined || severity.includes(detection.severity),
    changedBefore === undefined || detection.updatedAt < changedBefore,
  ].every(Boolean);
}
