import { type CryptoKey, importJWK, type JWK } from 'jose';
import { type PublishedJwk } from './key-source.js';
import { type PublicMembers, readPublicMembers } from './public-members.js';

/** What a key is published for: signatures at large, or JWT-SVIDs alone. */
export type KeyUse = 'sig' | 'jwt-svid';

/** A published key that may verify signatures: strong enough, meant for it, and public. */
export class VerificationKey {
  readonly #imported = new Map<string, Promise<CryptoKey>>();

  private constructor(
    readonly keyId: string | undefined,
    /** The one algorithm that its issuer binds it to, when it does. */
    private readonly declaredAlgorithm: string | undefined,
    private readonly members: PublicMembers,
  ) {}

  /** The key, or a sentence on why it must not be used: among others, that it is published for another use. */
  static from(jwk: PublishedJwk, use: KeyUse = 'sig'): VerificationKey | string {
    const { kid, alg } = jwk;
    if (kid !== undefined && typeof kid !== 'string') return 'its "kid" is not a string';
    if (alg !== undefined && typeof alg !== 'string') return 'its "alg" is not a string';
    const purpose = useProblem(jwk, use) ?? operationsProblem(jwk);
    if (purpose !== undefined) return purpose;
    const members = readPublicMembers(jwk);
    return typeof members === 'string' ? members : new VerificationKey(kid, alg, members);
  }

  /**
   * Whether the key may verify a signature of `algorithm`. One key serves one algorithm (RFC 8725bis section 3.1):
   * when its issuer does not say which, then only one of those that we `accept` from that issuer may fit it.
   */
  verifies(algorithm: string, accepted: readonly string[]): boolean {
    if (!fits(this.members, algorithm)) return false;
    if (this.declaredAlgorithm !== undefined) return same(this.declaredAlgorithm, algorithm);
    return accepted.every((other) => same(other, algorithm) || !fits(this.members, other));
  }

  /** For `jose`; made once an algorithm. Rejects when the numbers are no key, such as a point off its curve. */
  cryptoKey(algorithm: string): Promise<CryptoKey> {
    const known = this.#imported.get(algorithm);
    if (known !== undefined) return known;
    const imported = importJWK(this.members as JWK, algorithm) as Promise<CryptoKey>;
    this.#imported.set(algorithm, imported);
    return imported;
  }
}

// RFC 9864 section 4.1: two names, one algorithm, when the curve is Ed25519.
const same = (one: string, other: string): boolean =>
  one === other ||
  (CURVE_ALGORITHMS.Ed25519.includes(one) && CURVE_ALGORITHMS.Ed25519.includes(other));

function fits(members: PublicMembers, algorithm: string): boolean {
  if (members.kty === 'RSA') return algorithm.startsWith('RS') || algorithm.startsWith('PS');
  return CURVE_ALGORITHMS[members.crv].includes(algorithm);
}

// RFC 7518 section 3.4: each ES algorithm has its curve.
const CURVE_ALGORITHMS: Readonly<
  Record<'P-256' | 'P-384' | 'P-521' | 'Ed25519', readonly string[]>
> = {
  'P-256': ['ES256'],
  'P-384': ['ES384'],
  'P-521': ['ES512'],
  Ed25519: ['EdDSA', 'Ed25519'],
};

/** RFC 7517 section 4.2 has `use` optional; SPIFFE Trust Domain and Bundle section 4.2.2 demands it. */
function useProblem({ use }: PublishedJwk, wanted: KeyUse): string | undefined {
  if (use === wanted || (use === undefined && wanted === 'sig')) return undefined;
  return `its "use" is not "${wanted}"`;
}

function operationsProblem({ key_ops: operations }: PublishedJwk): string | undefined {
  if (operations === undefined) return undefined;
  const verifies = Array.isArray(operations) && operations.includes('verify');
  return verifies ? undefined : 'its "key_ops" do not include "verify"';
}
