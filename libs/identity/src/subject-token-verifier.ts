import { type Clock, PosternError, secondsAfter, sha256 } from '#kernel';
import { checkClaims, type RegisteredClaims } from './check-claims.js';
import { type IssuerRegistration } from './issuer-registration.js';
import { isOverdue, type IssuerRegistry } from './issuer-registry.js';
import { type KeySource } from './key-source.js';
import { type CompactJws, parseCompactJws } from './parse-compact-jws.js';
import { refuseDelegation } from './refuse-delegation.js';
import { readConfirmation } from './token-confirmation.js';
import { TokenRejected } from './token-rejected.js';
import { readScopes } from './token-scopes.js';
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
 * From what a workload presents to who it is. Accepts a JWT in compact form of a registered issuer, and nothing else.
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
    const issuer = this.#trustedIssuer(token);
    checkProfile(token, issuer);
    const key = await chooseKey(token, issuer, this.parts.keys);
    await verifySignature(compactJws, token.header.algorithm, key);
    const { audience, clock } = this.parts;
    const registered = checkClaims(token.claims, issuer, { audience, now: clock.now() });
    refuseDelegation(token.claims);
    return verifiedToken(token, issuer, registered);
  }

  /** Before any key is asked for: an unknown issuer costs nothing. */
  #trustedIssuer({ claims }: CompactJws): IssuerRegistration {
    const iss = claims.get('iss');
    const issuer = typeof iss === 'string' ? this.parts.issuers.find(iss) : undefined;
    if (issuer === undefined) {
      throw new TokenRejected('issuer_untrusted', "the token's issuer is not registered");
    }
    if (isOverdue(issuer, this.parts.clock.now())) {
      throw new TokenRejected(
        'issuer_untrusted',
        `the review of issuer ${issuer.id} is overdue; until someone reviews it, it is not trusted`,
      );
    }
    return issuer;
  }
}

function checkProfile({ header }: CompactJws, issuer: IssuerRegistration): void {
  if (!issuer.algorithms.includes(header.algorithm)) {
    throw new TokenRejected(
      'invalid_signature',
      `the token's alg is not one that issuer ${issuer.id} is registered with`,
    );
  }
  if (!issuer.types.includes(header.type)) {
    throw new TokenRejected(
      'malformed_token',
      `the token's typ is not one that issuer ${issuer.id} is registered with`,
    );
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
  };
}
