import { type PermittedCall } from './active-call.js';
import { foldedName, isRefusedFromCallers, namedByConnection } from './header-names.js';
import { type Injector, type OutgoingDraft } from './injectors/injector.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import { type CallBody } from './relay/call-body.js';
import { type UpstreamRequest } from './upstream.js';

/** A call with all that its request is made of. */
export interface OutgoingParts {
  readonly permitted: Pick<PermittedCall, 'request' | 'resource' | 'protocol'>;
  readonly rawHeaders: readonly string[];
  readonly credential: PreparedCredential;
  /** Streamed; undefined where it is held, and where there is none. */
  readonly body: CallBody | undefined;
  readonly heldBody: Buffer | undefined;
}

/**
 * The request before the secret is put on: the judged path below the registered base path, and a fresh header set. What
 * Connection names is dropped before injecting, so that nobody can strip our header (RFC 9110 section 7.6.1).
 */
export function outgoingDraft(parts: OutgoingParts, injector: Injector): OutgoingDraft {
  const { request, resource, protocol } = parts.permitted;
  const path = `${resource.destination.basePath}${request.path}`;
  return {
    method: protocol === undefined ? request.method : 'GET', // RFC 6455 section 4.1
    path: path === '' ? '/' : path,
    query: request.query,
    headers: callerHeaders(parts, injector),
    body: parts.heldBody,
  };
}

/** The request that the secret was put on, final. */
export function finished(parts: OutgoingParts, draft: OutgoingDraft): UpstreamRequest {
  const { permitted, credential } = parts;
  const { method, path, query, headers, body } = draft;
  if (body !== undefined) headers.push('content-length', String(body.length));
  return {
    resource: permitted.resource,
    credentialVersion: credential.version,
    tlsIdentity: credential.injector.tlsIdentity,
    method,
    protocol: permitted.protocol,
    path: query === '' ? path : `${path}?${query}`,
    headers,
    body: body ?? parts.body,
  };
}

function callerHeaders(parts: OutgoingParts, injector: Injector): string[] {
  const { rawHeaders, credential, permitted, heldBody } = parts;
  const { origin } = permitted.resource.destination;
  const dropped = namedByConnection(rawHeaders);
  const scrubs = credential.matcher !== undefined;
  const isDropped = (name: string): boolean => {
    const folded = foldedName(name);
    if (isRefusedFromCallers(folded) || dropped.has(folded)) return true;
    if (folded === 'content-length' && (heldBody !== undefined || name.includes('_'))) return true;
    return injector.replaces(folded) || (scrubs && REPLACED_WHEN_SCRUBBING.has(folded));
  };
  const headers = ['host', origin.slice(origin.indexOf('//') + 2)];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!isDropped(name)) headers.push(name, rawHeaders[index + 1] ?? '');
  }
  if (scrubs) headers.push('accept-encoding', 'identity');
  return headers;
}

/** The scrubber reads plain bytes, and the whole: a range is cut from what it has seen. */
const REPLACED_WHEN_SCRUBBING: ReadonlySet<string> = new Set([
  'a-im', // RFC 3229: a way to ask for gzip, and for ranges.
  'accept-encoding',
  'if-range',
  'range',
  'request-range', // Apache takes it for Range.
  'sec-websocket-extensions', // Compressed frames cannot be searched.
]);
