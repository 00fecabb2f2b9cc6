import { type EventFactory } from '#events';
import { type Candidate } from './candidate.js';
import { type Detection, type DetectionResolution } from './detection.js';
import { type DetectionSettings } from './rule-settings.js';

export interface DetectionFilter {
  readonly rule?: string;
  readonly entity?: { readonly type: string; readonly id: string };
  readonly status?: 'open' | 'closed';
  readonly severity?: readonly string[];
  /** Only those that were raised or updated for the last time before this. */
  readonly changedBefore?: Date;
  /** Id of the last detection of the page before: those that follow it in the order of the list. */
  readonly after?: string;
  /** 1 to 500. */
  readonly limit: number;
}

/** What became of candidates. */
export interface RaisedSum {
  readonly raised: readonly Detection[];
  readonly updated: readonly Detection[];
  /** Responses that were ordered. */
  readonly ordered: number;
  /** Responses that were not: the mode or the budget of their rule. */
  readonly suppressed: number;
}

/** Detections, each with its events and its response orders in one transaction. */
export abstract class DetectionStore {
  /**
   * A candidate that is new becomes a detection, with `detection.raised` and what `decideResponses` says of its responses:
   * an order, or `response.executed` with what kept it from being one. One that is known, open and has grown (`grownBy`) is
   * updated, with its event; a response that the detection has not had yet (`action` and `target`) is decided then. One that
   * is closed stays as it is, and what is worse is a detection of its own (`afterClosing`). What the budget had no room for is
   * ordered when there is room and it goes on (`withheldResponses`). The rest is nothing, as are candidates of rules that are
   * `off`. Repeated and concurrent calls come to the same.
   *
   * The budget is spent by the orders of a rule in the ten minutes before `now`; one that was settled as `nothing_to_do`
   * gives its place back, so that made-up handles cannot use it up.
   * @throws DependencyUnavailable
   */
  abstract raise(
    candidates: readonly Candidate[],
    by: { readonly settings: DetectionSettings; readonly events: EventFactory; readonly now: Date },
  ): Promise<RaisedSum>;

  abstract find(id: string): Promise<Detection | undefined>;

  /** The newest first, by `raisedAt`; those of one instant by id. */
  abstract list(filter: DetectionFilter): Promise<readonly Detection[]>;

  /** Undefined: there is none with that id. One that is closed already stays as it is, and is given as it is. */
  abstract close(
    id: string,
    by: {
      readonly resolution: DetectionResolution;
      readonly operatorId: string | undefined;
      readonly note: string | undefined;
      readonly events: EventFactory;
      readonly now: Date;
    },
  ): Promise<Detection | undefined>;
}
