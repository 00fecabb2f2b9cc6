import { type ResponseOrder } from '#detection';
import { type OrderReceipt } from '#handles';
import { secondsAfter, sha256OfParts } from '#kernel';

/** Longer than an order is tried, or waits to be taken back. */
const KEPT_SECONDS = 7 * 86_400;

/** That a response was carried out, or taken back: whoever is given the same order again finds it. */
export const receiptOf = (
  { id, detectionId, orderedAt, response }: ResponseOrder,
  act: 'response' | 'response-end',
): OrderReceipt => ({
  key: sha256OfParts([act, id]),
  mark: detectionId,
  expiresAt: secondsAfter(orderedAt, (response.seconds ?? 0) + KEPT_SECONDS),
  eventsOf: () => [],
});
