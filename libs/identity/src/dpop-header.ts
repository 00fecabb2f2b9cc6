import { calculateJwkThumbprint } from 'jose';
import { decodeBase64Url } from './base64url.js';
import { DPOP_ALGORITHMS } from './dpop-algorithms.js';
import { DpopProofRejected } from './dpop-proof-rejected.js';
import { type PublishedJwk } from './key-source.js';
import { type PublicMembers, readPublicMembers } from './public-members.js';
import { VerificationKey } from './verification-key.js';
import { type ClaimValue } from './workload-identity.js';

type Members = ReadonlyMap<string, ClaimValue>;

/** What the header of a DPoP proof says: the key that the proof shows possession of, and how it signed. */
export interface DpopHeader {
  readonly algorithm: string;
  readonly key: VerificationKey;
  /** RFC 7638 SHA-256 thumbprint of the key, base64url. */
  readonly jkt: string;
}

/** They change what is signed, or demand that we understand more than we do (RFC 7515 section 4.1.11, RFC 7797). */
const REFUSED = ['crit', 'b64'] as const;

/**
 * RFC 9449 section 4.2. Other members than `typ`, `alg` and `jwk` are ignored: none of them can bring another key.
 * @throws DpopProofRejected
 */
export async function readDpopHeader(
  header: Members,
  algorithms: readonly string[],
): Promise<DpopHeader> {
  const refused = REFUSED.find((name) => header.has(name));
  if (refused !== undefined) throw inHeader(`${refused} is not supported`);
  checkType(header.get('typ'));
  const algorithm = readAlgorithm(header.get('alg'), algorithms);
  const jwk = readJwk(header.get('jwk'));
  const key = VerificationKey.from(jwk);
  if (typeof key === 'string') throw inHeader(`the jwk must not be used: ${key}`);
  // The header names the one algorithm that this key serves here.
  if (!key.verifies(algorithm, [algorithm])) throw inHeader('the jwk is not one for the alg');
  return { algorithm, key, jkt: await thumbprintOf(jwk) };
}

// RFC 7515 section 4.1.9: without a slash, `application/` is meant. Media types compare without regard to case.
function checkType(type: ClaimValue | undefined): void {
  const name = typeof type === 'string' ? type.toLowerCase().replace(/^application\//, '') : type;
  if (name !== 'dpop+jwt') throw inHeader('the typ is not dpop+jwt');
}

function readAlgorithm(algorithm: ClaimValue | undefined, accepted: readonly string[]): string {
  if (typeof algorithm !== 'string') throw inHeader('there is no alg');
  if (!accepted.includes(algorithm) || !DPOP_ALGORITHMS.includes(algorithm)) {
    throw inHeader('the alg is not one of those that are accepted');
  }
  return algorithm;
}

function readJwk(jwk: ClaimValue | undefined): PublishedJwk {
  if (typeof jwk !== 'object' || jwk === null || Array.isArray(jwk)) {
    throw inHeader('there is no jwk');
  }
  return jwk as PublishedJwk;
}

async function thumbprintOf(jwk: PublishedJwk): Promise<string> {
  const members = readPublicMembers(jwk);
  if (typeof members === 'string') throw inHeader(`the jwk must not be used: ${members}`);
  if (isPadded(members)) throw inHeader('the jwk writes a number with leading zeros');
  return calculateJwkThumbprint(members, 'sha256');
}

/** RFC 7518 section 6.3.1: the fewest octets. With more, one RSA key would have many thumbprints. */
const isPadded = (members: PublicMembers): boolean =>
  members.kty === 'RSA' && [members.n, members.e].some((text) => decodeBase64Url(text)?.[0] === 0);

const inHeader = (rule: string): DpopProofRejected =>
  new DpopProofRejected(`in its header, ${rule}`);
