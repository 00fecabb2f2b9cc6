import { z } from 'zod';
import {
  type Detection,
  type DetectionFilter,
  detectionResolutions,
  type ResponseRecord,
  type RuleId,
  ruleIds,
  RULES,
  thresholdOf,
} from '#detection';
import { detectionSeverities } from '#events';
import { pageLimit, parse, printable, text } from './admin.wire.js';
import { type Closing, type ShownDetection, type ShownRule, type Undoing } from './detections.js';

export const entityTypes = [
  'subject',
  'handle',
  'family',
  'grant',
  'resource',
  'source',
  'shard',
] as const;
const ENTITY_ID_CHARACTERS_MAX = 600;
const NOTE_CHARACTERS_MAX = 2000;
/** How an operator may close one; those that nobody closes time out. */
export const closings = detectionResolutions.filter((one) => one !== 'timed_out');

export const detectionQuery = z
  .strictObject({
    rule: z.enum(ruleIds).optional(),
    entityType: z.enum(entityTypes).optional(),
    entityId: printable(ENTITY_ID_CHARACTERS_MAX).optional(),
    status: z.enum(['open', 'closed']).optional(),
    severity: z.enum(detectionSeverities).optional(),
    after: text.optional(),
    limit: pageLimit,
  })
  .refine(({ entityType, entityId }) => (entityType === undefined) === (entityId === undefined), {
    path: ['entityId'],
    error: 'expected with entityType, and not without it',
  });

export const closeRequest = z.strictObject({
  resolution: z.enum(closings as ['confirmed', 'false_positive', 'benign']),
  note: z
    .string()
    .min(1)
    .max(NOTE_CHARACTERS_MAX)
    .refine((note) => !/[\p{Cs}\0]/u.test(note), 'expected text')
    .optional()
    .describe('for the next analyst; kept here, and in no event'),
});

export const undoRequest = z.strictObject({ reason: text });

const ruleId = z.enum(ruleIds, 'expected the id of a rule, such as D07');

/** @throws BadAdminRequest */
export function parseDetectionFilter(query: unknown): DetectionFilter {
  const { rule, entityType, entityId, status, severity, after, limit } = parse(
    detectionQuery,
    query,
    'the query',
  );
  return {
    limit,
    ...(rule === undefined ? {} : { rule }),
    ...(entityType === undefined || entityId === undefined
      ? {}
      : { entity: { type: entityType, id: entityId } }),
    ...(status === undefined ? {} : { status }),
    ...(severity === undefined ? {} : { severity: [severity] }),
    ...(after === undefined ? {} : { after }),
  };
}

/** @throws BadAdminRequest */
export function parseClosing(body: unknown): Closing {
  const { resolution, note } = parse(closeRequest, body, 'the body');
  return { resolution, note };
}

/** @throws BadAdminRequest */
export const parseUndoing = (body: unknown): string => parse(undoRequest, body, 'the body').reason;

/** @throws BadAdminRequest */
export const parseRuleId = (id: unknown): RuleId => parse(ruleId, id, 'the rule');

/** A detection for operators. */
export const detectionResource = (detection: Detection): Readonly<Record<string, unknown>> => ({
  id: detection.id,
  rule: detection.rule,
  rule_revision: detection.ruleRevision,
  title: RULES[detection.rule].title,
  mode: detection.mode,
  severity: detection.severity,
  confidence: detection.confidence,
  entity: { type: detection.entity.type, id: detection.entity.id },
  subject_id: detection.subjectId ?? null,
  resource: detection.resource ?? null,
  start_at: detection.startAt.toISOString(),
  end_at: detection.endAt.toISOString(),
  raised_at: detection.raisedAt.toISOString(),
  updated_at: detection.updatedAt.toISOString(),
  observed: detection.observed,
  threshold: detection.threshold,
  explanation: detection.explanation,
  evidence_event_ids: detection.evidence,
  mitre: RULES[detection.rule].mitre,
  owasp_nhi: RULES[detection.rule].owaspNhi,
  planned: detection.responses.map(({ action, target, seconds }) => ({
    ...{ action, target },
    seconds: seconds ?? null,
  })),
  closed: closedResource(detection.closed),
});

const closedResource = (closed: Detection['closed']): unknown =>
  closed === undefined
    ? null
    : {
        at: closed.at.toISOString(),
        resolution: closed.resolution,
        by: closed.by ?? null,
        note: closed.note ?? null,
      };

const responseResource = (record: ResponseRecord): Readonly<Record<string, unknown>> => ({
  id: record.id,
  action: record.response.action,
  target: record.response.target,
  seconds: record.response.seconds ?? null,
  result: record.result ?? 'waiting',
  ordered_at: record.orderedAt.toISOString(),
  settled_at: record.settledAt?.toISOString() ?? null,
  ended_at: record.endedAt?.toISOString() ?? null,
});

/** One page; `next` is what `after` has to be for the following one, null when there is none. */
export function detectionPage(
  detections: readonly Detection[],
  { limit }: DetectionFilter,
): unknown {
  const next = detections.length < limit ? null : (detections.at(-1)?.id ?? null);
  return { detections: detections.map(detectionResource), next };
}

export const shownDetection = ({ detection, responses }: ShownDetection): unknown => ({
  ...detectionResource(detection),
  responses: responses.map(responseResource),
});

export const undoingResource = ({ undone, kept, correlationId }: Undoing): unknown => ({
  undone: undone.map(responseResource),
  kept: kept.map(responseResource),
  correlation_id: correlationId,
});

export const ruleResource = ({
  rule,
  settings,
  lastDryRun,
}: ShownRule): Readonly<Record<string, unknown>> => ({
  id: rule.id,
  revision: rule.revision,
  title: rule.title,
  tier: rule.tier,
  severity: rule.severity,
  mode: settings.mode,
  resources: settings.resources,
  thresholds: Object.fromEntries(
    Object.keys(rule.thresholds).map((name) => [name, thresholdOf(rule.id, settings, name)]),
  ),
  window_seconds: rule.windowSeconds ?? null,
  responses: rule.responses,
  mitre: rule.mitre,
  owasp_nhi: rule.owaspNhi,
  last_dry_run:
    lastDryRun === undefined
      ? null
      : { at: lastDryRun.at.toISOString(), found: lastDryRun.found, by: lastDryRun.by },
});
