import { type ResponseOrder } from '#detection';

/** A row of `public.response_order`, as far as it is read. */
export interface OrderRow {
  readonly id: string;
  readonly detection_id: string;
  readonly rule: ResponseOrder['rule'];
  readonly action: ResponseOrder['response']['action'];
  readonly target: string;
  readonly seconds: number | null;
  readonly ordered_at: Date;
  readonly attempts: number;
}

export const ORDER_COLUMNS =
  'id, seq, detection_id, rule, action, target, seconds, ordered_at, attempts';

export const orderFrom = (row: OrderRow): ResponseOrder => ({
  id: row.id,
  detectionId: row.detection_id,
  rule: row.rule,
  response: { action: row.action, target: row.target, seconds: row.seconds ?? undefined },
  orderedAt: row.ordered_at,
  attempts: row.attempts,
});

/** As it is ordered: `place` keeps the order of those that are ordered together. */
export const orderRow = (
  { id, detectionId, rule, response, orderedAt }: ResponseOrder,
  place: number,
): Omit<OrderRow, 'attempts'> & { readonly place: number } => ({
  place,
  id,
  detection_id: detectionId,
  rule,
  action: response.action,
  target: response.target,
  seconds: response.seconds ?? null,
  ordered_at: orderedAt,
});
