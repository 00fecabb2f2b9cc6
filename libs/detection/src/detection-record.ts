import { type EventDataOf, type EventFactory, type PosternEvent, type Severity } from '#events';
import { epochSeconds } from '#kernel';
import { type Candidate, type PlannedResponse } from './candidate.js';
import { type SuppressedBy } from './decide-responses.js';
import { type Detection } from './detection.js';
import { type ResponseOrder, type ResponseResult } from './response-orders.js';
import { RULES } from './rules.js';

type Told = EventDataOf<'dev.postern.detection.raised.v1'>;

/** Of each severity the one of events. */
const SEVERITIES: Readonly<Record<Candidate['severity'], Severity>> = {
  info: 'INFO',
  low: 'INFO',
  medium: 'WARN',
  high: 'ERROR',
  critical: 'FATAL',
};

export const raisedEvent = (detection: Detection, events: EventFactory): PosternEvent =>
  events.create('dev.postern.detection.raised.v1', {
    ...placeOf(detection),
    severity: SEVERITIES[detection.severity],
    data: told(detection),
  });

export const updatedEvent = (detection: Detection, events: EventFactory): PosternEvent =>
  events.create('dev.postern.detection.updated.v1', {
    ...placeOf(detection),
    severity: SEVERITIES[detection.severity],
    data: told(detection),
  });

export const closedEvent = (
  detection: Detection & { readonly closed: NonNullable<Detection['closed']> },
  events: EventFactory,
): PosternEvent => {
  const { resolution, by } = detection.closed;
  return events.create('dev.postern.detection.closed.v1', {
    ...placeOf(detection),
    data: { ...told(detection), resolution, ...(by === undefined ? {} : { initiator_id: by }) },
  });
};

/** A response that was not ordered. */
export const suppressedEvent = (
  detection: Detection,
  { action, target }: PlannedResponse,
  by: SuppressedBy,
  events: EventFactory,
): PosternEvent =>
  events.create('dev.postern.response.executed.v1', {
    ...placeOf(detection),
    severity: 'WARN',
    data: {
      detection_id: detection.id,
      action,
      target,
      result: 'suppressed',
      suppressed_by: by,
    },
  });

/** What became of an order. It lies beside its detection: `placeOf` of that. */
export const executedEvent = (
  { detectionId, response }: ResponseOrder,
  result: ResponseResult,
  events: EventFactory,
  place: ReturnType<typeof placeOf>,
): PosternEvent =>
  events.create('dev.postern.response.executed.v1', {
    ...place,
    severity: result === 'failed' ? 'ERROR' : 'INFO',
    data: { detection_id: detectionId, action: response.action, target: response.target, result },
  });

/** Where the events of a detection lie: those of one workload in their order. */
export const placeOf = ({
  id,
  subjectId,
  entity,
}: Pick<Detection, 'id' | 'subjectId' | 'entity'>): {
  readonly subject: string;
  readonly partitionKey: string;
  readonly correlationId: string;
} => ({
  subject: `detection/${id}`,
  partitionKey: subjectId ?? `${entity.type}:${entity.id}`,
  correlationId: id,
});

function told(detection: Detection): Told {
  const { mitre, owaspNhi } = RULES[detection.rule];
  return {
    detection_id: detection.id,
    rule_id: detection.rule,
    rule_rev: detection.ruleRevision,
    severity: detection.severity,
    confidence: detection.confidence,
    entity: { ...detection.entity },
    ...(detection.subjectId === undefined ? {} : { subject_id: detection.subjectId }),
    window: {
      start_at: epochSeconds(detection.startAt),
      end_at: epochSeconds(detection.endAt),
    },
    evidence_event_ids: [...detection.evidence],
    observed: detection.observed,
    threshold: detection.threshold,
    mitre: [...mitre],
    owasp_nhi: [...owaspNhi],
    recommended: detection.responses[0]?.action ?? 'none',
    mode: detection.mode,
  };
}
