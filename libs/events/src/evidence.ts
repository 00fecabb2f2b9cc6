import { type RecordedEvent } from './postern-event.js';

/** For at least so long events can be found again. Kafka and what reads from it keep them longer. */
export const EVIDENCE_KEPT_DAYS = 3;

/** What was recorded of one request, for operators who ask why it was answered as it was. */
export abstract class Evidence {
  /**
   * The events with that correlation id: by time, and of the same time in the order in which they were written, so that
   * those of one `partitionkey` come by `sequence`. At most `limit`, the earliest; none when nothing is known of it, or
   * not any more. Sees every event whose append has resolved. May be called at once by many.
   * @throws DependencyUnavailable
   */
  abstract findByCorrelation(
    correlationId: string,
    limit: number,
  ): Promise<readonly RecordedEvent[]>;
}
