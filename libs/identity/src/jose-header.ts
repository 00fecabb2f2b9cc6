import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

/** The header of a subject token, after the rules that hold for every issuer. */
export interface JoseHeader {
  readonly algorithm: string;
  readonly keyId: string | undefined;
  /** Lower case, without `application/`; `jwt` when the header has none. */
  readonly type: string;
  /** Every member as it was written: profiles of issuers may permit less. */
  readonly written: ReadonlyMap<string, string>;
}

const KEY_ID_CHARACTERS_MAX = 256;
// What published key ids are made of. No quote, no backslash, no space, nothing beyond ASCII.
const KEY_ID = /^[A-Za-z0-9._~:/?#@!$&*+,;=|%-]+$/;
const TYPE = /^[A-Za-z0-9.+/-]{1,64}$/;

/**
 * Other members are refused, and not ignored as RFC 7515 section 4 lets us: `jwk`, `jku`, `x5u` and `x5c` bring a key
 * along, `crit` and `b64` change what is signed, `cty`, `zip` and `enc` wrap another token. Certificate thumbprints
 * only name a key (Microsoft and GitHub send them) and are not used.
 */
const PERMITTED: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'x5t', 'x5t#S256']);

/** @throws TokenRejected with reason `malformed_token`. */
export function readJoseHeader(members: ReadonlyMap<string, ClaimValue>): JoseHeader {
  for (const [name, value] of members) {
    if (!PERMITTED.has(name)) {
      throw malformed('it has a member that is not alg, kid, typ, x5t or x5t#S256');
    }
    if (typeof value !== 'string') throw malformed(`its ${name} is not a string`);
  }
  const text = members as ReadonlyMap<string, string>;
  return {
    algorithm: readAlgorithm(text.get('alg')),
    keyId: readKeyId(text.get('kid')),
    type: readType(text.get('typ')),
    written: text,
  };
}

function readAlgorithm(algorithm: string | undefined): string {
  if (algorithm === undefined) throw malformed('it has no alg');
  return algorithm;
}

function readKeyId(keyId: string | undefined): string | undefined {
  if (keyId === undefined) return undefined;
  if (keyId.length > KEY_ID_CHARACTERS_MAX) {
    throw malformed(`its kid is longer than ${KEY_ID_CHARACTERS_MAX} characters`);
  }
  if (!KEY_ID.test(keyId)) throw malformed('its kid is not made of the characters of key ids');
  return keyId;
}

// RFC 7515 section 4.1.9: without a slash, `application/` is meant. Media types compare without regard to case.
function readType(type: string | undefined): string {
  if (type === undefined) return 'jwt';
  if (!TYPE.test(type)) throw malformed('its typ is not a media type');
  return type.toLowerCase().replace(/^application\//, '');
}

const malformed = (rule: string): TokenRejected =>
  new TokenRejected('malformed_token', `the token is malformed: in its header, ${rule}`);
