import { compactVerify, type CryptoKey } from 'jose';
import { type IssuerRegistration } from './issuer-registration.js';
import { type KeySource } from './key-source.js';
import { KeySetInvalid } from './key-set-invalid.js';
import { type CompactJws } from './parse-compact-jws.js';
import { TokenRejected } from './token-rejected.js';
import { type VerificationKey } from './verification-key.js';
import { VerificationKeys } from './verification-keys.js';

/**
 * The key that the issuer published under the token's key id. Never one of another issuer (RFC 8725bis section 3.8).
 * An unknown key id asks the issuer once more.
 * @throws TokenRejected, DependencyUnavailable
 */
export async function chooseKey(
  token: CompactJws,
  issuer: IssuerRegistration,
  source: KeySource,
): Promise<VerificationKey> {
  const keys = await publishedKeys(token, issuer, source);
  const { keyId, algorithm } = token.header;
  const candidates = keys.named(keyId);
  const accepted = acceptedBeside(algorithm, issuer);
  const [first, second] = candidates.filter((key) => key.verifies(algorithm, accepted));
  if (first === undefined) throw invalid(absence(keys, token, candidates.length));
  if (second !== undefined) throw invalid('it names no key, and several could have signed it');
  return first;
}

/**
 * Which algorithms a key without `alg` must be told apart from. Bundles of SPIFFE name none (SPIRE writes `kty`, `kid`,
 * `use` and the numbers), and JWT-SVID section 2.1 lets an RSA key sign by each of six: there the key serves whichever
 * of the registered algorithms fits it.
 */
const acceptedBeside = (algorithm: string, issuer: IssuerRegistration): readonly string[] =>
  issuer.kind === 'spiffe' ? [algorithm] : issuer.algorithms;

/** @throws TokenRejected with reason `invalid_signature`. */
export async function verifySignature(
  compactJws: string,
  algorithm: string,
  key: VerificationKey,
): Promise<void> {
  const cryptoKey = await importKey(key, algorithm);
  try {
    await compactVerify(compactJws, cryptoKey, { algorithms: [algorithm] });
  } catch (error) {
    throw invalid('the signature does not verify', { cause: error });
  }
}

async function publishedKeys(
  { header: { keyId } }: CompactJws,
  issuer: IssuerRegistration,
  source: KeySource,
): Promise<VerificationKeys> {
  try {
    const use = issuer.kind === 'spiffe' ? 'jwt-svid' : 'sig';
    const keys = VerificationKeys.of(await source.current(issuer), use);
    if (keyId === undefined || keys.knows(keyId)) return keys;
    return VerificationKeys.of(await source.refetch(issuer), use);
  } catch (error) {
    if (!(error instanceof KeySetInvalid)) throw error;
    throw invalid(`the issuer's key set must not be used: ${error.message}`, { cause: error });
  }
}

async function importKey(key: VerificationKey, algorithm: string): Promise<CryptoKey> {
  try {
    return await key.cryptoKey(algorithm);
  } catch (error) {
    throw invalid("the issuer's key is not a key of its kind", { cause: error });
  }
}

function absence(keys: VerificationKeys, { header }: CompactJws, candidates: number): string {
  if (candidates > 0) return "the issuer's key of that id is not one for the algorithm";
  const problem = keys.problem(header.keyId);
  if (problem !== undefined) return `the issuer's key must not be used: ${problem}`;
  return header.keyId === undefined
    ? 'it names no key, and its issuer names its keys'
    : 'its issuer has no key of that id';
}

const invalid = (rule: string, options?: ErrorOptions): TokenRejected =>
  new TokenRejected('invalid_signature', `the signature is not accepted: ${rule}`, options);
