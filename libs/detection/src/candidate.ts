import { type DetectionSeverity, type ResponseAction } from '#events';
import { type RuleId } from './rule.js';

export type DetectionConfidence = 'low' | 'medium' | 'high';

/** What a detection is about. */
export interface DetectionEntity {
  readonly type: 'subject' | 'handle' | 'family' | 'grant' | 'resource' | 'source' | 'shard';
  /** Of a handle that is not known here: `fp:` and the first 32 hex digits of its digest. */
  readonly id: string;
}

/** What would be done about it. */
export interface PlannedResponse {
  readonly action: ResponseAction;
  /** `<scope>:<id>`, as `targetOf` names handles; of a handle by its digest `handle_fp:<32 hex digits>`. */
  readonly target: string;
  /** After so many seconds it is taken back; undefined: it stays. */
  readonly seconds: number | undefined;
}

/**
 * That the condition of a rule held. Who finds it again, from the same events in another order or twice, finds the same:
 * `(rule, entity, startAt)` names it. More events may make it more severe, and never less.
 */
export interface Candidate {
  readonly rule: RuleId;
  readonly entity: DetectionEntity;
  /** Whose doing it is, where that is known. */
  readonly subjectId: string | undefined;
  /** The resource by which its mode is chosen; undefined: it is of none, or of several. */
  readonly resource: string | undefined;
  /**
   * Of the window. A rule that decides on one event has one too, so that a flood of such events is one candidate: it
   * begins with what the event is compared with (the revocation, the first exchange), or with the hour of the event.
   */
  readonly startAt: Date;
  /** Of the last event in it. */
  readonly endAt: Date;
  readonly severity: DetectionSeverity;
  readonly confidence: DetectionConfidence;
  readonly observed: number;
  readonly threshold: number;
  /** Ids of events, the oldest first, at most DETECTION_EVIDENCE_MAX. */
  readonly evidence: readonly string[];
  /** A sentence for the analyst: what was compared with what. Never a token, a handle or a secret. */
  readonly explanation: string;
  readonly responses: readonly PlannedResponse[];
}
