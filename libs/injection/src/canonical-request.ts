import { NO_PATH_EXCEPTIONS, type PathExceptions } from '#policy';
import { AmbiguousRequest } from './ambiguous-request.js';
import { canonicalSegments } from './canonical-path.js';
import { checkQuery } from './canonical-query.js';
import { checkHeaders } from './check-headers.js';
import { type IncomingCall } from './incoming-call.js';

/** Where calls come in: `/proxy/{resource}/{path...}`. */
export const PROXY_PREFIX = '/proxy/';
const REQUEST_LINE_BYTES_MAX = 8 * 1024;
/** Method, two spaces and `HTTP/1.1`, next to the target. */
const REQUEST_LINE_FRAME = ' HTTP/1.1 '.length;
const REFUSED_METHODS: ReadonlySet<string> = new Set([
  ...['CONNECT', 'TRACE', 'TRACK'],
  'UPGRADE', // What operations call a GET that becomes a WebSocket.
]);
const METHOD = /^[A-Z][A-Z-]{0,31}$/;
const RESOURCE_ID = /^[a-z0-9-]{1,63}$/;

/** A request that can be understood in one way only. */
export interface CanonicalRequest {
  readonly method: string;
  readonly resourceId: string;
  /** As received after the resource id, byte for byte; empty, or starts with `/`. This is what is forwarded. */
  readonly path: string;
  /** As received, without its `?`. */
  readonly query: string;
  /** Decoded from `path`: what the operation is matched on. */
  readonly segments: readonly string[];
}

/** What the paths of a resource may hold, by its id; undefined for one that does not exist. */
export type ExceptionsOf = (resourceId: string) => PathExceptions | undefined;

/**
 * Reads the raw request target once. Nothing is normalised or repaired: what does not have exactly one reading is
 * refused, but for what the resource makes an exception of.
 * @throws AmbiguousRequest
 */
export function canonicalRequest(
  call: Pick<IncomingCall, 'method' | 'url' | 'rawHeaders' | 'httpVersion'>,
  exceptionsOf: ExceptionsOf = () => undefined,
): CanonicalRequest {
  const { method = '', url: target = '' } = call;
  if (method.length + target.length + REQUEST_LINE_FRAME > REQUEST_LINE_BYTES_MAX) {
    throw new AmbiguousRequest('request-line-length', 'the request line is longer than 8 KiB');
  }
  if (REFUSED_METHODS.has(method) || !METHOD.test(method)) {
    throw new AmbiguousRequest('method', 'the method is never forwarded');
  }
  checkHeaders(call.rawHeaders, call.httpVersion);
  return { method, ...parseTarget(target, exceptionsOf) };
}

function parseTarget(target: string, exceptionsOf: ExceptionsOf): Omit<CanonicalRequest, 'method'> {
  if (target.includes('#')) throw new AmbiguousRequest('fragment', 'the target has a fragment');
  if (!target.startsWith(PROXY_PREFIX)) {
    throw new AmbiguousRequest('target-form', 'the target is not in origin form below /proxy/');
  }
  const queryStart = target.indexOf('?');
  const pathEnd = queryStart < 0 ? target.length : queryStart;
  const slash = target.indexOf('/', PROXY_PREFIX.length);
  const idEnd = slash < 0 || slash > pathEnd ? pathEnd : slash;
  const resourceId = target.slice(PROXY_PREFIX.length, idEnd);
  if (!RESOURCE_ID.test(resourceId)) {
    throw new AmbiguousRequest('resource-id', 'what follows /proxy/ is no resource id');
  }
  const path = target.slice(idEnd, pathEnd);
  const query = queryStart < 0 ? '' : target.slice(queryStart + 1);
  const segments = canonicalSegments(path, exceptionsOf(resourceId) ?? NO_PATH_EXCEPTIONS);
  checkQuery(query);
  return { resourceId, path, query, segments };
}
