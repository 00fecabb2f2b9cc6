import { type Candidate } from '#detection';
import { type FoundRow, type StreamRule } from './stream-rule.js';

/** What a rule found, for whom it was found: from the evaluator, or from a stream processor that runs the same text. */
export const foundCandidate = (rule: StreamRule, row: FoundRow): Candidate => ({
  rule: rule.id,
  entity: { type: row.entity_type, id: row.entity_id },
  subjectId: row.subject_id ?? undefined,
  resource: row.resource ?? undefined,
  startAt: row.start_at,
  endAt: row.end_at,
  severity: row.severity,
  confidence: row.confidence,
  observed: row.observed,
  threshold: row.threshold,
  evidence: row.evidence,
  explanation: rule.explain(row),
  responses: rule.respond(row),
});
