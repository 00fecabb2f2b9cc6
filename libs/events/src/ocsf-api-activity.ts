import { type EventDataOf } from './catalogue.js';
import { defined, type JsonObject } from './defined.js';
import {
  endpointOf,
  failed,
  type OcsfActivity,
  type OcsfClass,
  ocsfEvent,
  OTHER_ID,
  succeeded,
} from './ocsf-event.js';
import { type RecordedEvent } from './postern-event.js';

const API_ACTIVITY: OcsfClass = {
  category: { uid: 6, name: 'Application Activity' },
  uid: 6003,
  name: 'API Activity',
};

const ACTIVITIES: ReadonlyMap<string, OcsfActivity> = new Map([
  ['POST', { id: 1, name: 'Create' }],
  ['GET', { id: 2, name: 'Read' }],
  ['HEAD', { id: 2, name: 'Read' }],
  ['PUT', { id: 3, name: 'Update' }],
  ['PATCH', { id: 3, name: 'Update' }],
  ['DELETE', { id: 4, name: 'Delete' }],
]);
/** `http_request.http_method` takes no other. */
const METHODS: ReadonlySet<string> = new Set([...ACTIVITIES.keys(), 'OPTIONS', 'TRACE', 'CONNECT']);
const UNKNOWN_NAME = 'unknown';

type Completed = EventDataOf<'dev.postern.call.completed.v1'>;
type Denied = EventDataOf<'dev.postern.call.denied.v1'>;

/** A call that was forwarded. Where it came from is not known of one that was found after a crash: the handle stands for it. */
export function completedCall(event: RecordedEvent<'dev.postern.call.completed.v1'>): JsonObject {
  const { data } = event;
  const { upstream_status: code, client } = data;
  return defined({
    ...ocsfEvent(event, API_ACTIVITY, activityOf(data.method)),
    ...(data.outcome === 'ok' ? succeeded() : failed(data.outcome)),
    message: `${data.method} ${data.route_template} of ${data.resource}: ${data.outcome}`,
    actor: defined({
      user:
        data.subject_id === undefined
          ? undefined
          : { uid: data.subject_id, type_id: 4, type: 'Service' },
      session: { uid: data.handle_id },
    }),
    api: {
      operation: `${data.method} ${data.route_template}`,
      service: { name: data.resource },
      request: { uid: data.call_id },
    },
    src_endpoint: client === undefined ? { uid: data.handle_id } : endpointOf(client.ip),
    http_request: defined({
      http_method: methodOf(data.method),
      user_agent: client?.user_agent,
      body_length: data.bytes_in,
    }),
    http_response: code === undefined ? undefined : { code, body_length: data.bytes_out },
    resources: [{ uid: data.resource, type: 'legacy system' }],
    duration: Math.round(data.duration_ms),
    unmapped: unmapped(event.env, data),
  });
}

const unmapped = (env: string, data: Completed): JsonObject =>
  defined({
    env,
    bytes_in: data.bytes_in,
    bytes_out: data.bytes_out,
    scrubbed: data.scrubbed,
    credential_version: data.credential_version,
    refused_version: data.refused_version,
  });

export function deniedCall(event: RecordedEvent<'dev.postern.call.denied.v1'>): JsonObject {
  const { data } = event;
  const { client } = data;
  return defined({
    ...ocsfEvent(event, API_ACTIVITY, activityOf(data.method)),
    ...failed(data.reason, data.detail),
    message: `a call was denied: ${data.reason}`,
    actor: actorOf(data),
    api: defined({
      operation: data.method === '' ? UNKNOWN_NAME : data.method,
      service: data.resource === undefined ? undefined : { name: data.resource },
    }),
    src_endpoint: endpointOf(client.ip),
    http_request: defined({ http_method: methodOf(data.method), user_agent: client.user_agent }),
    resources:
      data.resource === undefined ? undefined : [{ uid: data.resource, type: 'legacy system' }],
    count: data.count,
    unmapped: defined({
      env_listener: data.env_listener,
      env_handle: data.env_handle,
      checksum_ok: data.checksum_ok,
      canary_id: data.canary_id,
    }),
  });
}

/** `credential_uid` is the fingerprint of what was presented, never that itself. */
function actorOf({ handle_id, handle_fp }: Denied): JsonObject {
  if (handle_id === undefined && handle_fp === undefined) return { app_name: UNKNOWN_NAME };
  return { session: defined({ uid: handle_id, credential_uid: handle_fp }) };
}

const activityOf = (method: string): OcsfActivity =>
  ACTIVITIES.get(method) ?? { id: OTHER_ID, name: method === '' ? UNKNOWN_NAME : method };

const methodOf = (method: string): string | undefined => (METHODS.has(method) ? method : undefined);
