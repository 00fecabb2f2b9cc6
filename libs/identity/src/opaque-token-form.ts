import { TokenRejected } from './token-rejected.js';

/** An opaque token may be this long, in characters. */
export const OPAQUE_TOKEN_CHARACTERS_MAX = 4096;
// RFC 6749 appendix A.12 without the space, which no Authorization header could carry (RFC 6750 section 2.1).
const VISIBLE = /^[\x21-\x7e]+$/;
const COMPACT_JOSE_PARTS: ReadonlySet<number> = new Set([3, 5]);

/**
 * Before anybody is asked about a token. A JWT is refused: it has an issuer of its own, whose signature speaks for it,
 * and whoever sends it under the wrong token type must not get it shown to a third party.
 * @throws TokenRejected with reason `malformed_token`.
 */
export function checkOpaqueForm(token: string): void {
  if (token.length > OPAQUE_TOKEN_CHARACTERS_MAX) {
    throw malformed(`it is longer than ${OPAQUE_TOKEN_CHARACTERS_MAX} characters`);
  }
  if (!VISIBLE.test(token)) throw malformed('it is not one or more visible ASCII characters');
  if (isCompactJose(token)) throw malformed('it is a JWT, not an opaque token');
}

/** Three or five parts of which the first is a header, that is a JSON object (RFC 7515 section 7.1, RFC 7516). */
function isCompactJose(token: string): boolean {
  const parts = token.split('.', 6);
  if (!COMPACT_JOSE_PARTS.has(parts.length)) return false;
  // Leniently: a header that our own reader would refuse is still one that somebody signed.
  return Buffer.from(parts[0] ?? '', 'base64url')
    .toString()
    .trimStart()
    .startsWith('{');
}

const malformed = (rule: string): TokenRejected =>
  new TokenRejected('malformed_token', `the token is malformed: ${rule}`);
