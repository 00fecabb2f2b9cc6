import { type Clock, DependencyUnavailable, secondsAfter } from '#kernel';
import { type SubjectTokenVerifier, TokenRejected, type VerifiedToken } from '#identity';
import { type Form } from './form.js';
import { OAuthError } from './oauth-error.js';
import { SeenAssertions } from './seen-assertions.js';
import { subjectTokenKey } from './subject-token-key.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTIONS_MAX = 100_000;

export interface ClientAssertionsParts {
  readonly verifier: SubjectTokenVerifier;
  readonly clock: Clock;
}

/**
 * Client assertions (RFC 7523 section 3) that are a workload's own JWT, of a registered issuer and for this deployment
 * alone. Each is accepted once; the memory of that is one process's (docs/caches.md).
 */
export class ClientAssertions {
  readonly #seen = new SeenAssertions(ASSERTIONS_MAX);

  constructor(private readonly parts: ClientAssertionsParts) {}

  /** @throws OAuthError invalid_client; DependencyUnavailable */
  async authenticate(form: Form): Promise<VerifiedToken> {
    if (form.one('client_assertion_type') !== JWT_BEARER) {
      throw unproven('client_assertion_type is missing or not jwt-bearer');
    }
    const verified = await this.#verify(form.one('client_assertion') ?? '');
    const clientId = form.one('client_id');
    if (clientId !== undefined && clientId !== verified.identity.subject) {
      throw unproven('client_id is not the subject of the assertion');
    }
    if (verified.confirmation !== undefined) {
      throw unproven('the assertion is bound to a key: without proof of that key it proves nobody');
    }
    this.#assertUnseen(verified);
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

  /** RFC 7523 section 3 point 7. Remembered for as long as the verifier would accept it. */
  #assertUnseen(verified: VerifiedToken): void {
    const until = secondsAfter(verified.expiresAt, verified.issuer.clockSkewSeconds);
    const now = this.parts.clock.now();
    const outcome = this.#seen.see(subjectTokenKey(verified), until, now);
    if (outcome === 'again') throw unproven('the assertion was used before');
    if (outcome === 'full') {
      throw new DependencyUnavailable(
        'assertion-memory',
        `more than ${ASSERTIONS_MAX} client assertions are in use at once`,
      );
    }
  }
}

const unproven = (detail: string, options?: ErrorOptions): OAuthError =>
  new OAuthError('invalid_client', 'invalid_client', detail, options);
