import { type PermittedCall } from './active-call.js';
import { foldedName, isRefusedFromCallers, namedByConnection } from './header-names.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import { type UpstreamRequest } from './upstream.js';

/** The outgoing request but for its body. */
export type OutgoingHead = Omit<UpstreamRequest, 'body'>;

/**
 * The request that goes to the destination: the judged path below the registered base path, and a fresh header set. What
 * Connection names is dropped before injecting, so that nobody can strip our header (RFC 9110 section 7.6.1).
 */
export function outgoingRequest(
  { request, resource }: Pick<PermittedCall, 'request' | 'resource'>,
  rawHeaders: readonly string[],
  credential: PreparedCredential,
): OutgoingHead {
  const { destination } = resource;
  const path = `${destination.basePath}${request.path}`;
  const query = credential.appliedTo(request.query);
  return {
    resource,
    credentialVersion: credential.version,
    method: request.method,
    path: `${path === '' ? '/' : path}${query === '' ? '' : `?${query}`}`,
    headers: outgoingHeaders(destination.origin, rawHeaders, credential),
  };
}

function outgoingHeaders(
  origin: string,
  rawHeaders: readonly string[],
  credential: PreparedCredential,
): string[] {
  const dropped = namedByConnection(rawHeaders);
  const scrubs = credential.matcher !== undefined;
  const isDropped = (name: string): boolean => {
    const folded = foldedName(name);
    if (isRefusedFromCallers(folded) || dropped.has(folded)) return true;
    if (folded === 'content-length' && name.includes('_')) return true;
    return credential.replaces(folded) || (scrubs && REPLACED_WHEN_SCRUBBING.has(folded));
  };
  const headers = ['host', origin.slice(origin.indexOf('//') + 2)];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    if (!isDropped(name)) headers.push(name, rawHeaders[index + 1] ?? '');
  }
  if (scrubs) headers.push('accept-encoding', 'identity');
  credential.addTo(headers);
  return headers;
}

/** The scrubber reads plain bytes, and the whole: a range is cut from what it has seen. */
const REPLACED_WHEN_SCRUBBING: ReadonlySet<string> = new Set([
  'accept-encoding',
  'if-range',
  'range',
]);
