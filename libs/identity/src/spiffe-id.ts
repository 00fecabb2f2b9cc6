/** The SPIFFE-ID specification, section 2.3: longer identifiers must be neither made nor accepted. */
export const SPIFFE_ID_BYTES_MAX = 2048;
/** The SPIFFE-ID specification, section 2.3: the longest name of a trust domain. */
export const TRUST_DOMAIN_BYTES_MAX = 255;

export const SPIFFE_SCHEME = 'spiffe://';

/** A SPIFFE ID in parts. `path` is empty or begins with a slash; its bytes stay as they were written. */
export interface SpiffeId {
  readonly trustDomain: string;
  readonly path: string;
}

const TRUST_DOMAIN = /^[a-z0-9._-]+$/;
const PATH_SEGMENT = /^[A-Za-z0-9._-]+$/;

/** Whether the text can be the name of a trust domain: `example.org`, without a scheme and without a path. */
export function isTrustDomain(text: string): boolean {
  return text.length <= TRUST_DOMAIN_BYTES_MAX && TRUST_DOMAIN.test(text);
}

/**
 * Reads a SPIFFE ID (SPIFFE-ID specification, section 2): `spiffe://`, a trust domain of `[a-z0-9._-]`, then
 * nothing or segments of `[A-Za-z0-9._-]`, none of them empty, `.` or `..`. There is no port, user, query, fragment,
 * percent-encoding or trailing slash. Nothing is normalized: an ID is the bytes that were written. The scheme is
 * taken in lower case only, as every issuer writes it. Undefined for any other text.
 */
export function parseSpiffeId(text: string): SpiffeId | undefined {
  if (!text.startsWith(SPIFFE_SCHEME) || text.length > SPIFFE_ID_BYTES_MAX) return undefined;
  const rest = text.slice(SPIFFE_SCHEME.length);
  const slash = rest.indexOf('/');
  const trustDomain = slash < 0 ? rest : rest.slice(0, slash);
  const path = slash < 0 ? '' : rest.slice(slash);
  // Both forms permit US-ASCII alone, so that the length in characters, judged above, is the length in bytes.
  if (!isTrustDomain(trustDomain) || !isPath(path)) return undefined;
  return { trustDomain, path };
}

function isPath(path: string): boolean {
  if (path === '') return true;
  return path.slice(1).split('/').every(isSegment);
}

function isSegment(segment: string): boolean {
  return PATH_SEGMENT.test(segment) && segment !== '.' && segment !== '..';
}
