import { type RecordPlace, type RejectedRecord } from './event-bus.js';
import { type IncomingRecord } from './structured-event.js';

/** A record of evidence that a group gave up on. */
export interface DeadLetter extends RejectedRecord {
  readonly group: string;
  /** How often its handler was asked; 0 when it cannot be read. */
  readonly attempts: number;
  /** RFC 3339. */
  readonly firstFailedAt: string;
}

/** A dead letter as it is found again. */
export interface BuriedLetter {
  /** Of the record that it was. */
  readonly place: RecordPlace;
  readonly record: IncomingRecord;
  /** RFC 3339, as the other times. */
  readonly writtenAt: string;
  /** See errorClassOf. */
  readonly errorClass: string;
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly diedAt: string;
}

/**
 * Where evidence goes that a group could not handle, so that the group can go on: key, value and headers as they were,
 * with where they lay and what class of error it was; never the error's own text.
 */
export abstract class DeadLetters {
  /** Resolves when it is durable. The same place again: harmless. @throws DependencyUnavailable */
  abstract add(letter: DeadLetter): Promise<void>;
}
