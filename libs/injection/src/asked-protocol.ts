import { CallDenied } from './call-denied.js';
import { type CanonicalRequest } from './canonical-request.js';
import { valuesOf } from './header-values.js';
import { type CallContext, type IncomingCall } from './incoming-call.js';
import { announcedBody } from './request-body.js';
import { type SwitchedProtocol } from './upstream.js';

/** The method that operations name for a call that becomes a WebSocket (RFC 6455 section 4.1: on the wire it is a GET). */
export const UPGRADE_METHOD = 'UPGRADE';

/**
 * The protocol that the caller asks for. `h2c` alone is an offer that a server may leave unanswered (RFC 9110 section
 * 7.8): some HTTP clients make it on every request.
 * @throws CallDenied when it is another one than `websocket`, or asked for in another way than RFC 6455 section 4.1 has it
 */
export function askedProtocol(
  incoming: Pick<IncomingCall, 'method' | 'rawHeaders' | 'httpVersion'>,
  { upgrade }: Pick<CallContext, 'upgrade'>,
): SwitchedProtocol | undefined {
  const asked = valuesOf(incoming.rawHeaders, 'upgrade').map((value) => value.trim().toLowerCase());
  if (asked.length === 0 || (asked.length === 1 && asked[0] === 'h2c')) return undefined;
  if (asked.length > 1 || asked[0] !== 'websocket') {
    throw unavailable('another protocol than websocket alone was asked for');
  }
  if (upgrade === undefined || !isHandshake(incoming)) {
    throw unavailable('a WebSocket begins with a GET of HTTP/1.1 with one key and without a body');
  }
  return 'websocket';
}

function isHandshake({
  method,
  httpVersion,
  rawHeaders,
}: Pick<IncomingCall, 'method' | 'rawHeaders' | 'httpVersion'>): boolean {
  const { present, expected } = announcedBody(rawHeaders);
  if (method !== 'GET' || httpVersion !== '1.1' || present || expected) return false;
  return valuesOf(rawHeaders, 'sec-websocket-key').length === 1;
}

/** The request as operations judge it: a WebSocket is never covered by GET. */
export const judgedAs = (
  request: CanonicalRequest,
  protocol: SwitchedProtocol | undefined,
): CanonicalRequest => (protocol === undefined ? request : { ...request, method: UPGRADE_METHOD });

const unavailable = (detail: string): CallDenied =>
  new CallDenied({ code: 'upgrade-not-available', reason: 'operation_not_allowed', detail });
