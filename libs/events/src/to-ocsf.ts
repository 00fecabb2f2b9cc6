import { type JsonObject } from './defined.js';
import { completedCall, deniedCall } from './ocsf-api-activity.js';
import { deniedExchange, permittedExchange } from './ocsf-authentication.js';
import { detectionFinding, type DetectionType } from './ocsf-detection-finding.js';
import { isOfType, type RecordedEvent } from './postern-event.js';

const DETECTIONS: readonly DetectionType[] = [
  'dev.postern.detection.raised.v1',
  'dev.postern.detection.updated.v1',
  'dev.postern.detection.closed.v1',
];

/**
 * The event in the words of OCSF 1.6.0, for a SIEM that speaks them: an exchange is an Authentication (3002), a call
 * API Activity (6003), a detection a Detection Finding (2004). Only fields that are named here are copied. Undefined for
 * events that OCSF has no class for.
 */
export function toOcsf(event: RecordedEvent): JsonObject | undefined {
  if (isOfType(event, 'dev.postern.exchange.permitted.v1')) return permittedExchange(event);
  if (isOfType(event, 'dev.postern.exchange.denied.v1')) return deniedExchange(event);
  if (isOfType(event, 'dev.postern.call.completed.v1')) return completedCall(event);
  if (isOfType(event, 'dev.postern.call.denied.v1')) return deniedCall(event);
  if (isOfType(event, ...DETECTIONS)) return detectionFinding(event);
  return undefined;
}
