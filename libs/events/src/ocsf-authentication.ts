import { type EventDataOf } from './catalogue.js';
import { defined, type JsonObject } from './defined.js';
import {
  endpointOf,
  failed,
  ocsfEvent,
  OTHER_ID,
  secondsToMs,
  succeeded,
  type OcsfClass,
} from './ocsf-event.js';
import { type RecordedEvent } from './postern-event.js';

const AUTHENTICATION: OcsfClass = {
  category: { uid: 3, name: 'Identity & Access Management' },
  uid: 3002,
  name: 'Authentication',
};
/** RFC 8693; OCSF has no number for it. */
const TOKEN_EXCHANGE = { id: OTHER_ID, name: 'Token Exchange' };
/** `auth_protocol_id`. */
const OAUTH = { auth_protocol_id: 6, auth_protocol: 'OAUTH 2.0' };
/** `user.type_id`. */
const USER_TYPES = {
  workload: { type_id: 4, type: 'Service' },
  person: { type_id: 1, type: 'User' },
} as const;
const UNKNOWN_USER: JsonObject = { name: 'unknown', type_id: 0, type: 'Unknown' };

type Permitted = EventDataOf<'dev.postern.exchange.permitted.v1'>;
type Denied = EventDataOf<'dev.postern.exchange.denied.v1'>;

/** An exchange that gave a handle: the handle is the session. */
export function permittedExchange(
  event: RecordedEvent<'dev.postern.exchange.permitted.v1'>,
): JsonObject {
  const { data } = event;
  return {
    ...exchanged(event, data),
    ...succeeded(),
    message: `${data.actor.subject} got a handle for ${data.granted_resource}`,
    service: { name: data.granted_resource },
    session: {
      uid: data.handle_id,
      uid_alt: data.family_id,
      created_time: Date.parse(event.time),
      expiration_time: secondsToMs(data.handle_exp),
    },
    unmapped: defined({
      ...asked(data),
      env: data.env,
      granted_scope: data.granted_scope,
      max_calls: data.max_calls,
      binding: data.binding,
      pattern: data.pattern,
      grant_id: data.grant_id,
      grant_version: data.grant_version,
    }),
  };
}

export function deniedExchange(event: RecordedEvent<'dev.postern.exchange.denied.v1'>): JsonObject {
  const { data } = event;
  return defined({
    ...exchanged(event, data),
    ...failed(data.reason, data.detail),
    message: `an exchange was denied: ${data.reason}`,
    service: { name: data.audience ?? data.resource ?? 'unknown' },
    count: data.count,
    unmapped: defined({
      ...asked(data),
      env: data.env,
      error: data.error,
      grant_id: data.grant_id,
      prior_exchange_id: data.prior_exchange_id,
      prior_env: data.prior_env,
    }),
  });
}

function exchanged(event: RecordedEvent, { actor, ...data }: Permitted | Denied): JsonObject {
  const { client } = actor;
  return defined({
    ...ocsfEvent(event, AUTHENTICATION, TOKEN_EXCHANGE),
    ...OAUTH,
    user: userOf(actor),
    src_endpoint: endpointOf(client.ip),
    http_request: client.user_agent === undefined ? undefined : { user_agent: client.user_agent },
    authentication_token:
      data.subject_token_type === undefined
        ? undefined
        : defined({ type_id: OTHER_ID, type: data.subject_token_type, ...timesOf(data) }),
  });
}

const timesOf = (data: object): JsonObject =>
  'subject_token_iat' in data && 'subject_token_exp' in data
    ? {
        created_time: secondsToMs(Number(data.subject_token_iat)),
        expiration_time: secondsToMs(Number(data.subject_token_exp)),
      }
    : {};

/** A subject counts with its issuer: `uid` is the digest of both. */
const userOf = ({
  subject,
  subject_id,
  subject_issuer,
  subject_kind,
}: Denied['actor']): JsonObject =>
  subject === undefined && subject_id === undefined
    ? UNKNOWN_USER
    : defined({
        name: subject,
        uid: subject_id,
        domain: subject_issuer,
        ...(subject_kind === undefined ? {} : USER_TYPES[subject_kind]),
      });

const asked = (data: Omit<Permitted | Denied, 'actor'>): JsonObject => ({
  exchange_id: data.exchange_id,
  audience: data.audience,
  resource: data.resource,
  scope: data.scope,
  subject_token_fp: data.subject_token_fp,
  parent_handle_id: data.parent_handle_id,
  actor_chain: data.actor_chain?.map(({ issuer, subject }) => ({ issuer, subject })),
  task: data.task,
  call: data.call,
});
