import { type Clock, secondsAfter, sha256OfParts } from '#kernel';
import { type ProofUses } from '#handles';
import { type SubjectTokenVerifier, TokenRejected, type VerifiedToken } from '#identity';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';
import { subjectTokenKey } from './subject-token-key.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** A JWT-SVID in the place of an assertion (draft-ietf-oauth-spiffe-client-auth). */
const JWT_SPIFFE = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';
/** An assertion says who is there now: it does not lie about for longer. */
const LIFE_SECONDS_MAX = 300;

export interface ClientAssertionsParts {
  readonly verifier: SubjectTokenVerifier;
  readonly clock: Clock;
  /** The memory of assertions that were used, which all processes share. */
  readonly proofUses: ProofUses;
}

/**
 * Client assertions (RFC 7523 section 3) that are a workload's own JWT, of a registered issuer and for this deployment
 * alone. Each is accepted once, by whichever process.
 */
export class ClientAssertions {
  constructor(private readonly parts: ClientAssertionsParts) {}

  /** @throws OAuthError invalid_client; DependencyUnavailable */
  async authenticate(form: Form): Promise<VerifiedToken> {
    const verified = await this.#verify(form.one('client_assertion') ?? '');
    assertType(form.one('client_assertion_type'), verified);
    const clientId = form.one('client_id');
    if (clientId !== undefined && clientId !== verified.identity.subject) {
      throw unproven('client_id is not the subject of the assertion');
    }
    if (verified.confirmation !== undefined) {
      throw unproven('the assertion is bound to a key: without proof of that key it proves nobody');
    }
    this.#assertFresh(verified);
    await this.#assertUnseen(verified);
    return verified;
  }

  async #verify(assertion: string): Promise<VerifiedToken> {
    try {
      return await this.parts.verifier.verify(assertion);
    } catch (error) {
      if (error instanceof TokenRejected) throw unproven(error.message, { cause: error });
      throw error;
    }
  }

  #assertFresh({ expiresAt, issuer, actors, mayAct }: VerifiedToken): void {
    const latest = secondsAfter(this.parts.clock.now(), LIFE_SECONDS_MAX + issuer.clockSkewSeconds);
    if (expiresAt > latest) throw unproven(`the assertion lives longer than ${LIFE_SECONDS_MAX} s`);
    if (actors.length > 0 || mayAct !== undefined) {
      throw unproven('the assertion speaks of delegation: it is not who is there');
    }
  }

  /** RFC 7523 section 3 point 7. Remembered for as long as the verifier would accept it. */
  async #assertUnseen(verified: VerifiedToken): Promise<void> {
    const until = secondsAfter(verified.expiresAt, verified.issuer.clockSkewSeconds);
    const key = sha256OfParts(['assertion', subjectTokenKey(verified)]);
    if ((await this.parts.proofUses.use(key, until)) === 'first') return;
    throw unproven('the assertion was used before');
  }
}

/** A JWT-SVID proves itself as one, and no other token does (RFC 7521 section 4.2). */
function assertType(type: string | undefined, { identity }: VerifiedToken): void {
  const wanted = identity.issuer.startsWith('spiffe://') ? [JWT_SPIFFE, JWT_BEARER] : [JWT_BEARER];
  if (type !== undefined && wanted.includes(type)) return;
  throw unproven('client_assertion_type is missing, or not that of the assertion');
}

const unproven = (detail: string, options?: ErrorOptions): OAuthError =>
  new OAuthError('invalid_client', 'invalid_client', detail, options);
