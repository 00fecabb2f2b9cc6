import { PosternError } from '#kernel';
import { type SubscriptionProgress } from './event-bus.js';

/** Nothing was heard for so long, or a handler runs for so long: nobody can say any more that the records come. */
export const SUBSCRIPTION_IDLE_MAX_MS = 60_000;

/** A subscription stands still. The message says where, and why. */
export class SubscriptionStalled extends PosternError {
  override readonly code = 'subscription-stalled';
}

/**
 * For a health check: a text while it has not yet read what lay there when it began, undefined when all is well.
 * @throws SubscriptionStalled when it stands still
 */
export function checkProgress(progress: SubscriptionProgress | undefined): string | undefined {
  if (progress === undefined) return 'not subscribed yet';
  const { idleMs, caughtUp, blocked } = progress;
  if (idleMs > SUBSCRIPTION_IDLE_MAX_MS) {
    throw new SubscriptionStalled(`no progress for ${Math.floor(idleMs / 1_000)} s`);
  }
  const [first] = blocked;
  if (first !== undefined) {
    const { topic, partition, offset } = first.place;
    const others = blocked.length === 1 ? '' : ` (and ${blocked.length - 1} other partitions)`;
    throw new SubscriptionStalled(
      `${topic}, partition ${partition} stands still at offset ${offset}: ${first.reason}${others}`,
    );
  }
  return caughtUp ? undefined : 'still reading what lay there at the start';
}
