import {
  constants,
  createHash,
  generateKeyPair,
  type KeyObject,
  randomUUID,
  sign,
  type SignKeyObjectInput,
} from 'node:crypto';
import { promisify } from 'node:util';
import { type PublishedJwk } from '#identity';
import { type Clock, epochSeconds, SystemClock } from '#kernel';
import { type JwsPart } from './token-builder.js';

export type DpopTestAlgorithm =
  'ES256' | 'ES384' | 'ES512' | 'PS256' | 'PS384' | 'PS512' | 'RS256' | 'EdDSA' | 'Ed25519';

export interface DpopKeyOptions {
  /** Default ES256: the quickest to generate. */
  readonly algorithm?: DpopTestAlgorithm;
  /** Where `iat` comes from. Default: the machine's clock. */
  readonly clock?: Clock;
  /** Of RSA keys. Default 2048. */
  readonly modulusBits?: number;
}

type Members = Readonly<Record<string, unknown>>;

const generate = promisify(generateKeyPair);
const CURVES: Readonly<Record<string, string>> = {
  ES256: 'P-256',
  ES384: 'P-384',
  ES512: 'P-521',
};

/** Members of a thumbprint in their order (RFC 7638 section 3.2, RFC 8037 section 2). */
const THUMBPRINT_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
  RSA: ['e', 'kty', 'n'],
};

/**
 * The key of a workload that lives in a test: makes DPoP proofs, well-formed by default and malformed on demand. Signs
 * by node:crypto and not by jose, so that tests of the verifier do not check a library against itself.
 */
export class DpopKey {
  private constructor(
    private readonly algorithm: DpopTestAlgorithm,
    private readonly clock: Clock,
    private readonly pair: { readonly privateKey: KeyObject; readonly publicKey: KeyObject },
  ) {}

  static async create(options: DpopKeyOptions = {}): Promise<DpopKey> {
    const { algorithm = 'ES256', clock = new SystemClock(), modulusBits = 2048 } = options;
    return new DpopKey(algorithm, clock, await generatePair(algorithm, modulusBits));
  }

  /** The RFC 7638 thumbprint of the key. */
  get jkt(): string {
    const jwk = this.publicJwk();
    const names = THUMBPRINT_MEMBERS[String(jwk['kty'])]!;
    const json = JSON.stringify(Object.fromEntries(names.map((name) => [name, jwk[name]])));
    return createHash('sha256').update(json).digest('base64url');
  }

  /**
   * A signed proof. Defaults: POST to `https://postern.test/token`, `iat` now, a random `jti`. `claims` and `header`
   * replace or add; undefined takes a member out. For the proxy add `ath: athOf(handle)`.
   */
  proof(claims: Members = {}, header: Members = {}): string {
    return this.sign(this.header(header), this.claims(claims));
  }

  /** The default claims, with some replaced. */
  claims(claims: Members = {}): Record<string, unknown> {
    return {
      jti: randomUUID(),
      htm: 'POST',
      htu: 'https://postern.test/token',
      iat: epochSeconds(this.clock.now()),
      ...claims,
    };
  }

  /** The default header, with some members replaced. */
  header(header: Members = {}): Record<string, unknown> {
    return { typ: 'dpop+jwt', alg: this.algorithm, jwk: this.publicJwk(), ...header };
  }

  /** A JWS over exactly these parts, whatever they say. */
  sign(header: JwsPart, payload: JwsPart): string {
    const signingInput = `${encodePart(header)}.${encodePart(payload)}`;
    return `${signingInput}.${this.signBytes(signingInput)}`;
  }

  /** The JWS signature over a signing input, base64url. */
  signBytes(signingInput: string): string {
    const digest = this.algorithm.startsWith('Ed') ? undefined : `sha${this.algorithm.slice(2)}`;
    return sign(digest, Buffer.from(signingInput), this.signingKey()).toString('base64url');
  }

  /** The public key, with some members replaced; undefined takes a member out. */
  publicJwk(members: PublishedJwk = {}): PublishedJwk {
    const jwk: PublishedJwk = { ...this.pair.publicKey.export({ format: 'jwk' }), ...members };
    return Object.fromEntries(Object.entries(jwk).filter(([, value]) => value !== undefined));
  }

  /** The private key: what no proof should ever carry. */
  privateJwk(): PublishedJwk {
    return { ...this.pair.privateKey.export({ format: 'jwk' }) };
  }

  private signingKey(): SignKeyObjectInput | KeyObject {
    const { algorithm } = this;
    const key = this.pair.privateKey;
    if (algorithm.startsWith('ES')) return { key, dsaEncoding: 'ieee-p1363' };
    if (algorithm.startsWith('PS')) {
      const saltLength = Number(algorithm.slice(2)) / 8;
      return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
    }
    return key;
  }
}

/** The `ath` of a handle (RFC 9449 section 4.2). */
export const athOf = (handle: string): string =>
  createHash('sha256').update(handle, 'ascii').digest('base64url');

function encodePart(part: JwsPart): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('base64url');
  const text = typeof part === 'string' ? part : JSON.stringify(part);
  return Buffer.from(text).toString('base64url');
}

async function generatePair(
  algorithm: DpopTestAlgorithm,
  modulusBits: number,
): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  const namedCurve = CURVES[algorithm];
  if (namedCurve !== undefined) return generate('ec', { namedCurve });
  if (algorithm.startsWith('Ed')) return generate('ed25519');
  return generate('rsa', { modulusLength: modulusBits });
}
