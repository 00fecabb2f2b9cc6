import { defined, type JsonObject } from './defined.js';
import { type RecordedEvent, type Severity, topicOfEvent } from './postern-event.js';

/** The version of the Open Cybersecurity Schema Framework that events are mapped to. */
export const OCSF_VERSION = '1.6.0';

export interface OcsfClass {
  readonly category: { readonly uid: number; readonly name: string };
  readonly uid: number;
  readonly name: string;
}

export interface OcsfActivity {
  readonly id: number;
  readonly name: string;
}

/** OCSF calls an activity, a status or a kind that it has no number for 99, and wants it named. */
export const OTHER_ID = 99;

const SEVERITIES: Readonly<Record<Severity, { readonly id: number; readonly name: string }>> = {
  INFO: { id: 1, name: 'Informational' },
  WARN: { id: 3, name: 'Medium' },
  ERROR: { id: 4, name: 'High' },
  FATAL: { id: 6, name: 'Fatal' },
};

/** What every OCSF event has, whatever its class. Times are milliseconds since 1970. */
export function ocsfEvent(
  event: RecordedEvent,
  { category, uid, name }: OcsfClass,
  activity: OcsfActivity,
): JsonObject {
  const severity = SEVERITIES[event.severitytext];
  return {
    category_uid: category.uid,
    category_name: category.name,
    class_uid: uid,
    class_name: name,
    activity_id: activity.id,
    activity_name: activity.name,
    type_uid: uid * 100 + activity.id,
    type_name: `${name}: ${activity.id === OTHER_ID ? 'Other' : activity.name}`,
    time: Date.parse(event.time),
    severity_id: severity.id,
    severity: severity.name,
    metadata: metadataOf(event),
  };
}

const metadataOf = (event: RecordedEvent): JsonObject => ({
  version: OCSF_VERSION,
  product: { name: 'Postern', vendor_name: 'Postern', uid: event.source },
  uid: event.id,
  correlation_uid: event.correlationid,
  event_code: event.type,
  sequence: Number(event.sequence),
  log_name: topicOfEvent(event),
  logged_time: Date.parse(event.recordedtime),
  original_time: event.time,
});

const SUCCESS = { status_id: 1, status: 'Success' } as const;
const FAILURE = { status_id: 2, status: 'Failure' } as const;

/** `code` and `detail` say why it failed. */
export const failed = (code: string, detail?: string): JsonObject =>
  defined({ ...FAILURE, status_code: code, status_detail: detail });

export const succeeded = (): JsonObject => SUCCESS;

/** What OCSF takes for an address; anything else is a name. */
const ADDRESS =
  /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3})?)$/;
const ADDRESS_CHARACTERS_MAX = 40;

export const endpointOf = (address: string): JsonObject =>
  address.length <= ADDRESS_CHARACTERS_MAX && ADDRESS.test(address)
    ? { ip: address }
    : { name: address };

export const secondsToMs = (seconds: number): number => seconds * 1000;
