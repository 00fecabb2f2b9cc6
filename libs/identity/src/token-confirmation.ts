import { TokenRejected } from './token-rejected.js';
import { type VerifiedToken } from './verified-token.js';
import { type ClaimValue } from './workload-identity.js';

// A SHA-256 thumbprint, base64url: RFC 9449 section 6.1 and RFC 8705 section 3.1.
const THUMBPRINT = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * The key that a token is bound to, from its `cnf` claim (RFC 7800). Undefined when it has none.
 * @throws TokenRejected with reason `not_supported` for a binding of another kind: what cannot be checked must not be
 *   taken for a bearer token.
 */
export function readConfirmation(
  claims: ReadonlyMap<string, ClaimValue>,
): VerifiedToken['confirmation'] {
  if (!claims.has('cnf')) return undefined;
  const cnf = claims.get('cnf');
  if (typeof cnf !== 'object' || cnf === null || Array.isArray(cnf)) {
    throw new TokenRejected('invalid_claims', "the token's cnf is not a JSON object");
  }
  const { jkt, 'x5t#S256': x5tS256, ...others } = cnf as Readonly<Record<string, ClaimValue>>;
  if (Object.keys(others).length > 0) {
    throw new TokenRejected('not_supported', 'the token is bound in a way that is not supported');
  }
  if (jkt === undefined && x5tS256 === undefined) {
    throw new TokenRejected('invalid_claims', "the token's cnf is empty");
  }
  return {
    ...(jkt === undefined ? {} : { jkt: thumbprint(jkt) }),
    ...(x5tS256 === undefined ? {} : { x5tS256: thumbprint(x5tS256) }),
  };
}

function thumbprint(value: ClaimValue): string {
  if (typeof value !== 'string' || !THUMBPRINT.test(value)) {
    throw new TokenRejected('invalid_claims', "the token's cnf holds no SHA-256 thumbprint");
  }
  return value;
}
