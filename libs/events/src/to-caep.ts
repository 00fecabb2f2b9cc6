import { type JsonObject } from './defined.js';
import { type RevocationInitiator } from './handle-events.js';
import { isOfType, type RecordedEvent } from './postern-event.js';

const CAEP_EVENT_TYPES = 'https://schemas.openid.net/secevent/caep/event-type/';
/** CAEP 1.0 section 3.2: types other than those it lists may be agreed on. */
export const CAEP_CREDENTIAL_TYPE = 'legacy-credential';

/** `initiating_entity` of CAEP 1.0 section 2. */
type InitiatingEntity = 'admin' | 'user' | 'policy' | 'system';

const INITIATORS: Readonly<Record<RevocationInitiator, InitiatingEntity>> = {
  admin: 'admin',
  policy: 'policy',
  system: 'system',
  subject: 'user',
  command: 'system', // Another system said so, and signed it.
};

const TRIGGERS = {
  schedule: 'policy',
  admin: 'admin',
  compromise: 'admin',
  detection: 'policy',
  vault_change: 'system',
} as const satisfies Record<string, InitiatingEntity>;

/**
 * The claims of a Security Event Token (RFC 8417) that tells the event in the words of CAEP 1.0, for whoever signs and
 * pushes it: `iss` and `aud` are theirs to add. The same event always gives the same claims: `jti` is its id and `iat`
 * when it was recorded. Undefined for events that CAEP has no word for.
 */
export function toCaep(event: RecordedEvent): JsonObject | undefined {
  if (isOfType(event, 'dev.postern.handle.revoked.v1')) return sessionRevoked(event);
  if (isOfType(event, 'dev.postern.rotation.promoted.v1')) return credentialChange(event, 'update');
  if (isOfType(event, 'dev.postern.rotation.done.v1')) {
    // The version before has ended; where there was none, nothing has.
    return event.data.from_version === undefined ? undefined : credentialChange(event, 'revoke');
  }
  return undefined;
}

const sessionRevoked = (event: RecordedEvent<'dev.postern.handle.revoked.v1'>): JsonObject =>
  claims(event, event.data.handle_id, {
    [`${CAEP_EVENT_TYPES}session-revoked`]: {
      event_timestamp: event.data.revoked_at,
      initiating_entity: INITIATORS[event.data.initiator],
      reason_admin: { en: event.data.reason },
    },
  });

const credentialChange = (
  event: RecordedEvent<'dev.postern.rotation.promoted.v1' | 'dev.postern.rotation.done.v1'>,
  change: 'update' | 'revoke',
): JsonObject =>
  claims(event, event.data.resource, {
    [`${CAEP_EVENT_TYPES}credential-change`]: {
      credential_type: CAEP_CREDENTIAL_TYPE,
      change_type: change,
      event_timestamp: secondsOf(event.time),
      initiating_entity: TRIGGERS[event.data.trigger],
      reason_admin: { en: `rotation, trigger ${event.data.trigger}` },
    },
  });

/** RFC 9493 section 3.2.6: an opaque identifier, since handles and resources are named by us alone. */
const claims = (event: RecordedEvent, id: string, events: JsonObject): JsonObject => ({
  jti: event.id,
  iat: secondsOf(event.recordedtime),
  txn: event.correlationid,
  sub_id: { format: 'opaque', id },
  events,
});

const secondsOf = (time: string): number => Math.floor(Date.parse(time) / 1000);
