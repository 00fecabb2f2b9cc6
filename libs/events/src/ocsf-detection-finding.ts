import { type EventDataOf } from './catalogue.js';
import { defined, type JsonObject } from './defined.js';
import { type DetectionSeverity } from './detection-events.js';
import { type OcsfActivity, type OcsfClass, ocsfEvent, secondsToMs } from './ocsf-event.js';
import { type RecordedEvent } from './postern-event.js';

const DETECTION_FINDING: OcsfClass = {
  category: { uid: 2, name: 'Findings' },
  uid: 2004,
  name: 'Detection Finding',
};

export type DetectionType =
  | 'dev.postern.detection.raised.v1'
  | 'dev.postern.detection.updated.v1'
  | 'dev.postern.detection.closed.v1';

interface Step {
  readonly activity: OcsfActivity;
  readonly status: { readonly status_id: number; readonly status: string };
}

const STEPS: Readonly<Record<DetectionType, Step>> = {
  'dev.postern.detection.raised.v1': {
    activity: { id: 1, name: 'Create' },
    status: { status_id: 1, status: 'New' },
  },
  'dev.postern.detection.updated.v1': {
    activity: { id: 2, name: 'Update' },
    status: { status_id: 2, status: 'In Progress' },
  },
  'dev.postern.detection.closed.v1': {
    activity: { id: 3, name: 'Close' },
    status: { status_id: 4, status: 'Resolved' },
  },
};

const SEVERITIES: Readonly<Record<DetectionSeverity, JsonObject>> = {
  info: { severity_id: 1, severity: 'Informational' },
  low: { severity_id: 2, severity: 'Low' },
  medium: { severity_id: 3, severity: 'Medium' },
  high: { severity_id: 4, severity: 'High' },
  critical: { severity_id: 5, severity: 'Critical' },
};

const CONFIDENCES = {
  low: { confidence_id: 1, confidence: 'Low' },
  medium: { confidence_id: 2, confidence: 'Medium' },
  high: { confidence_id: 3, confidence: 'High' },
} as const;

type Detection = EventDataOf<DetectionType>;

/** What a rule saw. How severe that is, the rule says, and not the event that tells it. */
export function detectionFinding(event: RecordedEvent<DetectionType>): JsonObject {
  const { data } = event;
  const { activity, status } = STEPS[event.type];
  return defined({
    ...ocsfEvent(event, DETECTION_FINDING, activity),
    ...SEVERITIES[data.severity],
    ...CONFIDENCES[data.confidence],
    ...status,
    status_detail: 'resolution' in data ? data.resolution : undefined,
    message: titleOf(data),
    finding_info: findingOf(data),
    evidences: [{ data: { observed: data.observed, threshold: data.threshold } }],
    is_alert: data.mode === 'enforce' && !('resolution' in data),
    remediation: { desc: data.recommended },
    resources: [{ uid: data.entity.id, type: data.entity.type }],
    unmapped: defined({ env: event.env, mode: data.mode, subject_id: data.subject_id }),
  });
}

const titleOf = ({ rule_id, entity }: Detection): string =>
  `${rule_id} on ${entity.type} ${entity.id}`;

const findingOf = (data: Detection): JsonObject =>
  defined({
    uid: data.detection_id,
    title: titleOf(data),
    analytic: { uid: data.rule_id, version: String(data.rule_rev), type_id: 1, type: 'Rule' },
    attacks: data.mitre?.map((technique) => ({ technique: { uid: technique } })),
    types: data.owasp_nhi === undefined ? undefined : [...data.owasp_nhi],
    first_seen_time: data.window === undefined ? undefined : secondsToMs(data.window.start_at),
    last_seen_time: data.window === undefined ? undefined : secondsToMs(data.window.end_at),
    related_events: data.evidence_event_ids.map((uid) => ({ uid })),
    related_events_count: data.evidence_event_ids.length,
  });
