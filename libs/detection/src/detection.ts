import { type Candidate } from './candidate.js';
import { type RuleMode } from './rule.js';

export const detectionResolutions = ['confirmed', 'false_positive', 'benign', 'timed_out'] as const;
export type DetectionResolution = (typeof detectionResolutions)[number];

/** What a rule raised: a candidate that is kept. */
export interface Detection extends Candidate {
  /** `det_` and 22 characters. */
  readonly id: string;
  readonly ruleRevision: number;
  readonly mode: Exclude<RuleMode, 'off'>;
  readonly raisedAt: Date;
  readonly updatedAt: Date;
  /** Undefined while it is open. */
  readonly closed:
    | {
        readonly at: Date;
        readonly resolution: DetectionResolution;
        /** subject_id of the operator; undefined: it timed out. */
        readonly by: string | undefined;
        readonly note: string | undefined;
      }
    | undefined;
}
