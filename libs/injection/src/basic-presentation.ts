/** RFC 7617 section 2: scheme, one or more spaces, one token68; the scheme in any case. */
const BASIC = /^basic +(?<encoded>[A-Za-z0-9+/]+={0,2}) *$/i;
/** More than any user name that is accepted with any handle. */
const ENCODED_CHARACTERS_MAX = 1024;
/** Printable, in any script, at most 64 characters. A colon ends it. */
const USER = /^[^\p{C}\p{Zl}\p{Zp}]{0,64}$/u;
const HANDLE = /^[A-Za-z0-9\-._~+/]+=*$/;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The handle in `Authorization: Basic base64(<user name>:<handle>)`, or undefined when it is not in exactly that form:
 * canonical base64 with its padding, well-formed UTF-8, a user name of at most 64 printable characters (also none). The
 * user name says nothing: it is neither compared nor kept.
 */
export function handleOfBasic(authorization: string): string | undefined {
  if (authorization.length > ENCODED_CHARACTERS_MAX) return undefined;
  const encoded = BASIC.exec(authorization)?.groups?.['encoded'];
  const pair = encoded === undefined ? undefined : decoded(encoded);
  if (pair === undefined) return undefined;
  const colon = pair.indexOf(':');
  const user = pair.slice(0, Math.max(0, colon));
  const handle = pair.slice(colon + 1);
  return colon >= 0 && USER.test(user) && HANDLE.test(handle) ? handle : undefined;
}

/** Two texts that stand for the same bytes would be one credential for us and two for whoever filters in front. */
function decoded(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded) return undefined;
  try {
    return utf8.decode(bytes);
  } catch {
    return undefined;
  }
}
