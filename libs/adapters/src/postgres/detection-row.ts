import { type Detection, type PlannedResponse } from '#detection';

/** A row of `public.detection`, as it is read and written. */
export interface DetectionRow {
  readonly id: string;
  readonly rule: Detection['rule'];
  readonly rule_revision: number;
  readonly mode: Detection['mode'];
  readonly entity_type: Detection['entity']['type'];
  readonly entity_id: string;
  readonly subject_id: string | null;
  readonly resource: string | null;
  readonly start_at: Date;
  readonly end_at: Date;
  readonly severity: Detection['severity'];
  readonly confidence: Detection['confidence'];
  readonly observed: number;
  readonly threshold: number;
  readonly evidence: readonly string[];
  readonly explanation: string;
  readonly responses: readonly (Omit<PlannedResponse, 'seconds'> & { readonly seconds?: number })[];
  readonly raised_at: Date;
  readonly updated_at: Date;
  readonly closed_at: Date | null;
  readonly resolution: NonNullable<Detection['closed']>['resolution'] | null;
  readonly closed_by: string | null;
  readonly note: string | null;
}

export const DETECTION_COLUMNS = `id, rule, rule_revision, mode, entity_type, entity_id, subject_id, resource, start_at, end_at,
  severity, confidence, observed, threshold, evidence, explanation, responses, raised_at, updated_at, closed_at,
  resolution, closed_by, note`;

/** What growing changes. */
export const GROWING_COLUMNS = `subject_id, end_at, severity, confidence, observed, threshold, evidence, explanation, responses,
  updated_at`;

export const detectionRow = (detection: Detection): DetectionRow => ({
  id: detection.id,
  rule: detection.rule,
  rule_revision: detection.ruleRevision,
  mode: detection.mode,
  entity_type: detection.entity.type,
  entity_id: detection.entity.id,
  subject_id: detection.subjectId ?? null,
  resource: detection.resource ?? null,
  start_at: detection.startAt,
  end_at: detection.endAt,
  severity: detection.severity,
  confidence: detection.confidence,
  observed: detection.observed,
  threshold: detection.threshold,
  evidence: detection.evidence,
  explanation: detection.explanation,
  responses: detection.responses.map(plannedRow),
  raised_at: detection.raisedAt,
  updated_at: detection.updatedAt,
  ...closedRow(detection.closed),
});

const plannedRow = ({ action, target, seconds }: PlannedResponse) => ({
  action,
  target,
  ...(seconds === undefined ? {} : { seconds }),
});

const closedRow = (closed: Detection['closed']) => ({
  closed_at: closed?.at ?? null,
  resolution: closed?.resolution ?? null,
  closed_by: closed?.by ?? null,
  note: closed?.note ?? null,
});

export const detectionFrom = (row: DetectionRow): Detection => ({
  id: row.id,
  rule: row.rule,
  ruleRevision: row.rule_revision,
  mode: row.mode,
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
  explanation: row.explanation,
  responses: row.responses.map(({ action, target, seconds }) => ({ action, target, seconds })),
  raisedAt: row.raised_at,
  updatedAt: row.updated_at,
  closed: closedFrom(row),
});

function closedFrom(row: DetectionRow): Detection['closed'] {
  if (row.closed_at === null || row.resolution === null) return undefined;
  return {
    at: row.closed_at,
    resolution: row.resolution,
    by: row.closed_by ?? undefined,
    note: row.note ?? undefined,
  };
}
