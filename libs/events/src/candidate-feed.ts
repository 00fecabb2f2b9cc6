import { type Reading, type RecordPlace, type SubscriptionHandle } from './event-bus.js';
import { type IncomingRecord } from './structured-event.js';

/** What a stream processor wrote, as it lies there: nothing of it is believed yet. */
export interface IncomingCandidate {
  readonly place: RecordPlace;
  readonly record: IncomingRecord;
}

export interface CandidateReading extends Omit<Reading, 'topics'> {
  readonly handle: (incoming: IncomingCandidate) => Promise<void>;
}

/** Where a stream processor tells what it believes to have found. */
export abstract class CandidateFeed {
  /** As `EventBus.subscribe`, of that topic alone: records of one key come in order, one at a time. */
  abstract subscribe(reading: CandidateReading): Promise<SubscriptionHandle>;

  abstract close(): Promise<void>;
}
