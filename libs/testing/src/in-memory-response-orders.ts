import {
  type Detection,
  executedEvent,
  placeOf,
  type PlannedResponse,
  type ResponseOrder,
  ResponseOrders,
  type ResponseRecord,
  type ResponseResult,
  type SpentOrders,
} from '#detection';
import { type EventFactory } from '#events';
import { randomId, secondsAfter } from '#kernel';
import { type InMemoryEventJournal } from './in-memory-event-journal.js';

interface PlacedOrder {
  order: ResponseOrder;
  readonly detection: Detection;
  /** By `performance.now()`: leases are of the machine's time. */
  leasedUntilMs: number;
  result: ResponseResult | undefined;
  /** By `expired`. */
  isGiven: boolean;
  isTakenBack: boolean;
}

/** Orders in memory; the store of detections places them. */
export class InMemoryResponseOrders extends ResponseOrders {
  readonly #placed: PlacedOrder[] = [];

  constructor(
    private readonly journal: InMemoryEventJournal,
    private readonly events: EventFactory,
  ) {
    super();
  }

  /** What was ordered, whatever became of it, the oldest first. */
  get all(): readonly ResponseOrder[] {
    return this.#placed.map(({ order }) => order);
  }

  /** What became of each, the oldest first. */
  get records(): readonly (ResponseRecord & { readonly detectionId: string })[] {
    return this.#placed.map(({ order, result, isTakenBack }) => ({
      ...{ id: order.id, detectionId: order.detectionId, response: order.response, result },
      orderedAt: order.orderedAt,
      settledAt: result === undefined ? undefined : order.orderedAt,
      endedAt: isTakenBack ? order.orderedAt : undefined,
    }));
  }

  place(detection: Detection, response: PlannedResponse, orderedAt: Date): void {
    const { id: detectionId, rule } = detection;
    const order = { id: randomId('rsp'), detectionId, rule, response, orderedAt, attempts: 0 };
    const standing = { leasedUntilMs: 0, result: undefined, isGiven: false, isTakenBack: false };
    this.#placed.push({ order, detection, ...standing });
  }

  /** Those that count against a budget. */
  spent(since: Date): readonly SpentOrders[] {
    return this.#placed
      .filter(({ order, result }) => order.orderedAt > since && result !== 'nothing_to_do')
      .map(({ order: { rule }, detection: { subjectId } }) => ({ rule, subjectId, orders: 1 }));
  }

  override async claim(limit: number, leaseMs: number): Promise<readonly ResponseOrder[]> {
    const nowMs = performance.now();
    const due = this.#placed
      .filter(({ result, leasedUntilMs }) => result === undefined && leasedUntilMs <= nowMs)
      .slice(0, limit);
    for (const placed of due) {
      placed.leasedUntilMs = nowMs + leaseMs;
      placed.order = { ...placed.order, attempts: placed.order.attempts + 1 };
    }
    return due.map(({ order }) => order);
  }

  override async settle(order: ResponseOrder, result: ResponseResult): Promise<void> {
    const placed = this.#placed.find(({ order: { id } }) => id === order.id);
    if (placed === undefined) return;
    if (placed.result === undefined) {
      const { events, journal } = this;
      journal.record([executedEvent(placed.order, result, events, placeOf(placed.detection))]);
      placed.result = result;
    } else if (placed.isGiven) placed.isTakenBack = true;
  }

  override async cancel(order: ResponseOrder): Promise<boolean> {
    const placed = this.#placed.find(({ order: { id } }) => id === order.id);
    if (placed === undefined || placed.leasedUntilMs > performance.now()) return false;
    if (placed.result !== undefined) return false;
    await this.settle(order, 'nothing_to_do');
    return true;
  }

  override async expired(now: Date, limit: number): Promise<readonly ResponseOrder[]> {
    const over = this.#placed
      .filter((placed) => placed.result === 'done' && !placed.isTakenBack && isOver(placed, now))
      .slice(0, limit);
    for (const placed of over) placed.isGiven = true;
    return over.map(({ order }) => order);
  }
}

const isOver = ({ order: { orderedAt, response } }: PlacedOrder, now: Date): boolean =>
  response.seconds !== undefined && secondsAfter(orderedAt, response.seconds) <= now;
