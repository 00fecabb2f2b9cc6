import { type Clock, PosternError, secondsAfter, sha256 } from '#kernel';
import { checkClaims, type RegisteredClaims } from './check-claims.js';
import { checkSvidClaims } from './check-svid-claims.js';
import { readDelegation } from './delegation-claims.js';
import { type IssuerRegistration } from './issuer-registration.js';
import { type IssuerRegistry } from './issuer-registry.js';
import { type KeySource } from './key-source.js';
import { type CompactJws, parseCompactJws } from './parse-compact-jws.js';
import { readConfirmation } from './token-confirmation.js';
import { checkProfile } from './token-profile.js';
import { TokenRejected } from './token-rejected.js';
import { readScopes } from './token-scopes.js';
import { trustedIssuer } from './trusted-issuer.js';
import { type VerifiedToken } from './verified-token.js';
import { chooseKey, verifySignature } from './verify-signature.js';

export interface SubjectTokenVerifierParts {
  readonly issuers: IssuerRegistry;
  readonly keys: KeySource;
  readonly clock: Clock;
  /** The only `aud` that is accepted, byte for byte: the public origin of this deployment. */
  readonly audience: string;
}

/**
 * From what a workload presents to who it is. Accepts a JWT in compact form of a registered issuer, JWT-SVIDs of a
 * registered trust domain among them, and nothing else.
 * Keeps no state but the imported keys; may be called at once by many.
 */
export class SubjectTokenVerifier {
  constructor(private readonly parts: SubjectTokenVerifierParts) {}

  /**
   * @throws TokenRejected for every token that is not acceptable, whatever is wrong with it.
   * @throws DependencyUnavailable when the keys of its issuer cannot be had: the token may be good.
   */
  async verify(compactJws: string): Promise<VerifiedToken> {
    try {
      return await this.#verify(compactJws);
    } catch (error) {
      if (error instanceof PosternError) throw error;
      throw new TokenRejected('malformed_token', 'the token could not be read', { cause: error });
    }
  }

  async #verify(compactJws: string): Promise<VerifiedToken> {
    const token = parseCompactJws(compactJws);
    const { issuers, keys, audience, clock } = this.parts;
    const issuer = trustedIssuer(token.claims, issuers, clock.now());
    checkProfile(token.header, issuer);
    const key = await chooseKey(token, issuer, keys);
    await verifySignature(compactJws, token.header.algorithm, key);
    const check = issuer.kind === 'spiffe' ? checkSvidClaims : checkClaims;
    const registered = check(token.claims, issuer, { audience, now: clock.now() });
    return verifiedToken(token, issuer, registered);
  }
}

function verifiedToken(
  { header, claims, signingInput }: CompactJws,
  issuer: IssuerRegistration,
  { subject, jti, issuedAt, expiresAt }: RegisteredClaims,
): VerifiedToken {
  const epoch = new Date(0);
  return {
    identity: {
      issuer: issuer.issuer,
      subject,
      subjectKind: issuer.subjects,
      claims,
      scopes: readScopes(claims),
    },
    issuer,
    jti,
    signingInputDigest: sha256(signingInput),
    keyId: header.keyId,
    issuedAt: secondsAfter(epoch, issuedAt),
    expiresAt: secondsAfter(epoch, expiresAt),
    confirmation: readConfirmation(claims),
    ...readDelegation(claims, issuer.issuer),
  };
}
