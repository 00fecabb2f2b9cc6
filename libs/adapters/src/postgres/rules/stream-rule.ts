import {
  type DetectionConfidence,
  type DetectionEntity,
  type PlannedResponse,
  type RuleId,
} from '#detection';
import { type DetectionSeverity } from '#events';
import { type WindowStep } from './window-step.js';

/** What the text of a rule gives for each window in which its condition held. */
export interface FoundRow {
  readonly entity_type: DetectionEntity['type'];
  readonly entity_id: string;
  readonly subject_id: string | null;
  /** By which the mode of the rule is chosen. */
  readonly resource: string | null;
  readonly start_at: Date;
  /** Of the last event. */
  readonly end_at: Date;
  readonly severity: DetectionSeverity;
  readonly confidence: DetectionConfidence;
  readonly observed: number;
  readonly threshold: number;
  /** The oldest first. */
  readonly evidence: readonly string[];
}

/**
 * A rule as standard SQL over the views `exchanges`, `uses`, `rotations`, `exchange_counts` and `use_counts`. In its
 * text stand `:from`, `:until` (a span that begins and ends with a bucket), `:since` (where in the span something is
 * new) and the thresholds of RULES by name; they are bound, never written into the text.
 *
 * Its condition is judged at each event, over the window that ends with that event, both ends included; what holds is
 * reported once for each bucket, which begins at a multiple of its length. An event more can only make a condition
 * hold that did not, and baselines end an hour before the window begins: so what was found stays found, whatever comes
 * late by up to an hour.
 */
export interface StreamRule {
  readonly id: RuleId;
  readonly text: string;
  /** Those of its text that look back from each event; each stands in it as `sliding`. */
  readonly steps?: readonly WindowStep[];
  readonly bucketSeconds: number;
  /** For so long after an event what its rule finds may be otherwise because of it. */
  readonly reachSeconds: number;
  /** What was compared with what. */
  explain(row: FoundRow): string;
  respond(row: FoundRow): readonly PlannedResponse[];
}

export const NO_RESPONSE = (): readonly PlannedResponse[] => [];

/** One response to what the row is about: `<scope>:<id>`. */
export const answer = (
  action: PlannedResponse['action'],
  row: FoundRow,
  seconds?: number,
): readonly PlannedResponse[] => [
  { action, target: `${row.entity_type}:${row.entity_id}`, seconds },
];

/** The beginning of the bucket of so many seconds in which the instant of a column lies. */
export const bucketOf = (column: string, seconds: number): string =>
  `to_timestamp(floor(extract(epoch from ${column}) / ${seconds}) * ${seconds})`;

/** The first hundred of a group, the oldest first. */
export const evidenceOf = (alias: string): string =>
  `(array_agg(${alias}.event_id order by ${alias}.at, ${alias}.event_id))[1:100]`;

/** A text by which events sort as by `at` and then `event_id`. */
export const markOf = (alias: string): string =>
  `cast(${alias}.at as text) || cast(${alias}.event_id as text)`;
