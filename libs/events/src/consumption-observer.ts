import { type RecordPlace } from './event-bus.js';

/** A state topic stands still: somebody has to look. */
export interface ConsumptionAlarm {
  readonly place: RecordPlace;
  readonly errorClass: string;
}

/** Who counts and logs what happens between a bus and a handler. What it is told names places and classes, no values. */
export interface ConsumptionObserver {
  /** A record was handled: how long after its event was recorded, in milliseconds. */
  readonly onHandled?: (place: RecordPlace, ageMs: number) => void;
  /** The handler is about to be asked again. */
  readonly onRetry?: (place: RecordPlace, errorClass: string) => void;
  /** The record lies with the dead letters, and the group has moved past it. */
  readonly onDeadLetter?: (place: RecordPlace, errorClass: string) => void;
  /** Once for each record. */
  readonly onAlarm?: (alarm: ConsumptionAlarm) => void;
  /** Something that the handler needs, or the place of dead letters, is away: it is tried again. */
  readonly onTrouble?: (place: RecordPlace, reason: string) => void;
  /** A record that had failed is handled. */
  readonly onRecovered?: (place: RecordPlace) => void;
}
