import { type PublishedJwk } from './key-source.js';
import { KeySetInvalid } from './key-set-invalid.js';
import { checkKeySet, readKeyDocument } from './parse-key-set.js';
import { type ClaimValue } from './workload-identity.js';

/** The bundle of one trust domain. Two bundles are never put together (SPIFFE Federation section 4). */
export interface SpiffeBundle {
  /** Keys of JWT-SVIDs, each with a `kid` that no other has. Not yet checked for strength. */
  readonly jwtKeys: readonly PublishedJwk[];
  /** Certificates of X509-SVIDs, DER. */
  readonly x509Authorities: readonly Uint8Array[];
  /** As written, in seconds: the reader sets bounds to it. */
  readonly refreshHintSeconds: number | undefined;
  readonly sequence: number | undefined;
  /** How many entries were passed over because they are none of both. */
  readonly ignoredCount: number;
}

/** Of the algorithms of SVIDs (JWT-SVID section 2.1). */
const KEY_TYPES: ReadonlySet<unknown> = new Set(['RSA', 'EC']);

/**
 * A SPIFFE bundle document (SPIFFE Trust Domain and Bundle section 4): a JWK Set. An entry that is of no use here is
 * passed over: without a known `use` and `kty`, a JWT key without `kid`, an X.509 entry without exactly one
 * certificate. `keys: []` is a bundle too: it vouches for nobody. At most 100 entries.
 * @throws KeySetInvalid when the document is no bundle, or names the `kid` of a JWT key twice.
 */
export function parseSpiffeBundle(document: Uint8Array): SpiffeBundle {
  const { members, keys } = readKeyDocument(document);
  const jwtKeys = keys.filter(isJwtKey);
  checkKeySet(jwtKeys);
  const x509Authorities = keys.flatMap(readAuthority);
  return {
    jwtKeys,
    x509Authorities,
    refreshHintSeconds: readWhole(members, 'spiffe_refresh_hint'),
    sequence: readWhole(members, 'spiffe_sequence'),
    ignoredCount: keys.length - jwtKeys.length - x509Authorities.length,
  };
}

const isJwtKey = ({ use, kty, kid }: PublishedJwk): boolean =>
  use === 'jwt-svid' && KEY_TYPES.has(kty) && typeof kid === 'string' && kid !== '';

/** X509-SVID section 6.2: `x5c` holds exactly one certificate. */
function readAuthority({ use, kty, x5c }: PublishedJwk): readonly Uint8Array[] {
  if (use !== 'x509-svid' || !KEY_TYPES.has(kty)) return [];
  if (!Array.isArray(x5c) || x5c.length !== 1) return [];
  const [text] = x5c as readonly unknown[];
  const certificate = typeof text === 'string' ? Buffer.from(text, 'base64') : undefined;
  // RFC 7517 section 4.7: base64 and not base64url; what does not come back the same was something else.
  const isBase64 = certificate?.toString('base64') === text;
  return certificate !== undefined && isBase64 && certificate.length > 0 ? [certificate] : [];
}

function readWhole(
  members: Readonly<Record<string, ClaimValue>>,
  name: string,
): number | undefined {
  const value = members[name];
  if (value === undefined) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new KeySetInvalid(`"${name}" is not a whole number`);
  }
  return value;
}
