import { type CryptoKey, exportJWK, generateKeyPair, importJWK, type JWK } from 'jose';
import { PosternClientError } from './postern-client-error.js';

/** A P-256 key pair of WebCrypto for ES256; `privateKey` need not be extractable. */
export interface DpopKeys {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
}

/** The public members of a P-256 key: what a proof's header carries, and nothing else. */
export interface DpopPublicJwk {
  readonly kty: 'EC';
  readonly crv: 'P-256';
  readonly x: string;
  readonly y: string;
}

/** A private P-256 key as a JWK (RFC 7517): a secret. Keep it like one. */
export interface DpopPrivateJwk extends DpopPublicJwk {
  readonly d: string;
}

const ALGORITHM = 'ES256';
/** 32 bytes as base64url without padding: RFC 7518 section 6.2. */
const COORDINATE = /^[A-Za-z0-9_-]{43}$/;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' };

const unusable = (why: string): PosternClientError =>
  new PosternClientError('proof_key_unusable', `the key for proofs cannot be used: ${why}`);

/** A new pair whose private key cannot leave the process. */
export const generateDpopKeys = (): Promise<DpopKeys> =>
  generateKeyPair(ALGORITHM, { extractable: false });

/** A new private key that can be written to a file, for callers whose key must outlive the process. */
export async function generateDpopJwk(): Promise<DpopPrivateJwk> {
  const { privateKey } = await generateKeyPair(ALGORITHM, { extractable: true });
  return checkedJwk(await exportJWK(privateKey));
}

/**
 * A pair from a private P-256 JWK; from then on it is not extractable.
 * @throws PosternClientError proof_key_unusable
 */
export async function importDpopKeys(jwk: unknown): Promise<DpopKeys> {
  const { d, ...publicJwk } = checkedJwk(jwk);
  const imported = await Promise.all([
    importJWK({ ...publicJwk, d }, ALGORITHM, { extractable: false }),
    importJWK({ ...publicJwk }, ALGORITHM, { extractable: true }),
  ]).catch(() => undefined); // The cause is left out: it may quote the key.
  if (imported === undefined) throw unusable('its numbers are no point of P-256');
  const [privateKey, publicKey] = imported;
  return { privateKey, publicKey };
}

/**
 * The public JWK of a pair, after a look whether it is one that can sign.
 * @throws PosternClientError proof_key_unusable
 */
export async function publicJwkOf(keys: DpopKeys): Promise<DpopPublicJwk> {
  if (![keys.privateKey, keys.publicKey].every(isP256)) throw unusable('it is not for ES256');
  if (!(await belongTogether(keys)))
    throw unusable('its halves are not of one pair, or cannot sign');
  const { x = '', y = '' } = await exportJWK(keys.publicKey);
  return { kty: 'EC', crv: 'P-256', x, y };
}

function isP256({ algorithm }: CryptoKey): boolean {
  const { name, namedCurve } = algorithm as { name: string; namedCurve?: string };
  return name === 'ECDSA' && namedCurve === 'P-256';
}

/** A private key in the place of the public one, which would end in the header of each proof, cannot verify. */
async function belongTogether({ privateKey, publicKey }: DpopKeys): Promise<boolean> {
  const sample = new Uint8Array(32);
  return crypto.subtle
    .sign(SIGNATURE, privateKey, sample)
    .then((signature) => crypto.subtle.verify(SIGNATURE, publicKey, signature, sample))
    .catch(() => false);
}

function checkedJwk(jwk: unknown): DpopPrivateJwk {
  if (typeof jwk !== 'object' || jwk === null) throw unusable('it is no JWK');
  const { kty, crv, x, y, d } = jwk as JWK;
  if (kty !== 'EC' || crv !== 'P-256') throw unusable('it is not of kty EC and crv P-256');
  if (!isCoordinate(x) || !isCoordinate(y)) throw unusable('its x or y is not 32 bytes');
  if (!isCoordinate(d)) throw unusable('it has no private part');
  return { kty: 'EC', crv: 'P-256', x, y, d };
}

const isCoordinate = (member: unknown): member is string =>
  typeof member === 'string' && COORDINATE.test(member);
