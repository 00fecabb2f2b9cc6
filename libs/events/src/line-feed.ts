import { type Reading, type RecordPlace, type SubscriptionHandle } from './event-bus.js';

/** A line that another program wrote onto a topic of its own, such as one of an audit log: nothing of it is believed. */
export interface IncomingLine {
  readonly place: RecordPlace;
  /** The value as text; undefined when it has none, is longer than the reader takes, or is no UTF-8. */
  readonly text: string | undefined;
}

export interface LineReading extends Omit<Reading, 'topics'> {
  /** Of the operator: none of TOPICS. */
  readonly topic: string;
  /** Longer lines have no text. */
  readonly bytesMax: number;
  readonly handle: (line: IncomingLine) => Promise<void>;
}

/** Where lines of other programs come in. */
export abstract class LineFeed {
  /** As `EventBus.subscribe`: lines of one partition come in order, one at a time, at least once. */
  abstract subscribe(reading: LineReading): Promise<SubscriptionHandle>;

  abstract close(): Promise<void>;
}
