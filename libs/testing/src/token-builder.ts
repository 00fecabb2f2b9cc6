import {
  constants,
  generateKeyPair,
  type KeyObject,
  randomUUID,
  sign,
  type SignKeyObjectInput,
} from 'node:crypto';
import { promisify } from 'node:util';
import {
  compileIssuer,
  type IssuerDeclaration,
  type IssuerRegistration,
  type PublishedJwk,
} from '#identity';
import { type Clock, epochSeconds, SystemClock } from '#kernel';

export type TestAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'EdDSA';

export interface TestIssuerOptions {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** Default ES256: the quickest to generate. */
  readonly algorithm?: TestAlgorithm;
  /** Where `iat` and `exp` come from. Default: the machine's clock. */
  readonly clock?: Clock;
  /** The `aud` of its tokens. Default `https://postern.test`. */
  readonly audience?: string;
  /** Default random. */
  readonly keyId?: string;
  /** Of RSA keys. Default 2048. */
  readonly modulusBits?: number;
}

/** A part of a JWS: an object is written as JSON, text and bytes are taken as they are. */
export type JwsPart = Readonly<Record<string, unknown>> | string | Uint8Array;

const LIFETIME_SECONDS = 300;
const generate = promisify(generateKeyPair);

/**
 * An issuer that lives in a test: mints tokens, well-formed by default and malformed on demand. Signs by node:crypto
 * and not by jose, so that tests of the verifier do not check a library against itself.
 */
export class TestIssuer {
  private constructor(
    private readonly options: Required<Omit<TestIssuerOptions, 'modulusBits'>>,
    private readonly privateKey: KeyObject,
    private readonly publicKey: KeyObject,
  ) {}

  static async create(options: TestIssuerOptions): Promise<TestIssuer> {
    const complete = {
      algorithm: 'ES256' as const,
      clock: new SystemClock(),
      audience: 'https://postern.test',
      keyId: randomUUID(),
      ...options,
    };
    const pair = await generatePair(complete.algorithm, options.modulusBits ?? 2048);
    return new TestIssuer(complete, pair.privateKey, pair.publicKey);
  }

  get issuer(): string {
    return this.options.issuer;
  }

  get keyId(): string {
    return this.options.keyId;
  }

  /**
   * A signed token. Defaults: `sub` workload-1, the audience of this issuer, `iat` now, `exp` five minutes on, a random
   * `jti`. `claims` and `header` replace or add; undefined takes a member out.
   */
  async mint(
    claims: Readonly<Record<string, unknown>> = {},
    header: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    return this.sign(this.header(header), this.claims(claims));
  }

  /** The default claims, with some replaced. */
  claims(claims: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    const now = epochSeconds(this.options.clock.now());
    return {
      iss: this.options.issuer,
      sub: 'workload-1',
      aud: this.options.audience,
      iat: now,
      exp: now + LIFETIME_SECONDS,
      jti: randomUUID(),
      ...claims,
    };
  }

  /** The default header, with some members replaced. */
  header(header: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
    return { alg: this.options.algorithm, kid: this.options.keyId, typ: 'JWT', ...header };
  }

  /** A JWS over exactly these parts, whatever they say. */
  sign(header: JwsPart, payload: JwsPart): string {
    const signingInput = `${encodePart(header)}.${encodePart(payload)}`;
    return `${signingInput}.${this.signBytes(signingInput)}`;
  }

  /** The JWS signature over a signing input, base64url. */
  signBytes(signingInput: string): string {
    const { algorithm } = this.options;
    const digest = algorithm === 'EdDSA' ? undefined : `sha${algorithm.slice(2)}`;
    return sign(digest, Buffer.from(signingInput), this.signingKey()).toString('base64url');
  }

  /** The content of its JWKS document. */
  jwks(): { readonly keys: readonly PublishedJwk[] } {
    return { keys: [this.publicJwk()] };
  }

  /** Its public key, with some members replaced; undefined takes a member out. */
  publicJwk(members: PublishedJwk = {}): PublishedJwk {
    const own = this.publicKey.export({ format: 'jwk' });
    const { keyId: kid, algorithm: alg } = this.options;
    const jwk: PublishedJwk = { ...own, kid, alg, use: 'sig', ...members };
    return Object.fromEntries(Object.entries(jwk).filter(([, value]) => value !== undefined));
  }

  /** Its private key as a JWK: what no issuer should ever publish. */
  privateJwk(): PublishedJwk {
    return { ...this.privateKey.export({ format: 'jwk' }), ...this.publicJwk() };
  }

  /** As one would configure it. */
  declaration(overrides: Partial<IssuerDeclaration> = {}): IssuerDeclaration {
    return {
      id: 'test-issuer',
      kind: 'oidc',
      issuer: this.options.issuer,
      keys: { kind: 'discovery' },
      algorithms: [this.options.algorithm],
      types: ['jwt'],
      subjects: 'workload',
      tokenUse: { kind: 'once' },
      maxLifetimeSeconds: 3600,
      maxAgeSeconds: 3600,
      clockSkewSeconds: 30,
      requiredClaims: {},
      owner: 'platform@example',
      purpose: 'Tests',
      reviewBy: new Date('2100-01-01T00:00:00Z'),
      allowPrivateKeyEndpoint: true,
      ...overrides,
    };
  }

  /** Its entry in the issuer registry. */
  registration(overrides: Partial<IssuerRegistration> = {}): IssuerRegistration {
    return { ...compileIssuer(this.declaration()), ...overrides };
  }

  private signingKey(): SignKeyObjectInput | KeyObject {
    const { algorithm } = this.options;
    if (algorithm.startsWith('ES')) return { key: this.privateKey, dsaEncoding: 'ieee-p1363' };
    if (algorithm === 'PS256') {
      return { key: this.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    }
    return this.privateKey;
  }
}

function encodePart(part: JwsPart): string {
  if (part instanceof Uint8Array) return Buffer.from(part).toString('base64url');
  const text = typeof part === 'string' ? part : JSON.stringify(part);
  return Buffer.from(text).toString('base64url');
}

async function generatePair(
  algorithm: TestAlgorithm,
  modulusBits: number,
): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  if (algorithm === 'EdDSA') return generate('ed25519');
  if (algorithm === 'ES256') return generate('ec', { namedCurve: 'P-256' });
  if (algorithm === 'ES384') return generate('ec', { namedCurve: 'P-384' });
  return generate('rsa', { modulusLength: modulusBits });
}
