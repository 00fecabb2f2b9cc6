import { type Clock } from '#kernel';
import { verifyIntrospected } from './introspected-token.js';
import { type IntrospectionRegistration } from './issuer-registration.js';
import { isOverdue, type IssuerRegistry } from './issuer-registry.js';
import { checkOpaqueForm } from './opaque-token-form.js';
import { type TokenIntrospector } from './token-introspector.js';
import { TokenRejected } from './token-rejected.js';
import { type VerifiedToken } from './verified-token.js';

export interface IntrospectedTokenVerifierParts {
  readonly issuers: IssuerRegistry;
  readonly introspector: TokenIntrospector;
  readonly clock: Clock;
  /** The only `aud` that is accepted, byte for byte: the public origin of this deployment. */
  readonly audience: string;
}

/**
 * From an opaque token of a registered issuer to who presents it. Asks the issuer each time: a token that was revoked a
 * moment ago is refused now. Keeps no state; may be called at once by many.
 */
export class IntrospectedTokenVerifier {
  constructor(private readonly parts: IntrospectedTokenVerifierParts) {}

  /**
   * @param issuerId under which the issuer is registered, as the token type names it; undefined for the only issuer of
   *   opaque tokens there is. An opaque token does not tell whose it is, and is shown to no issuer by trial.
   * @throws TokenRejected for every token that is not acceptable, whatever is wrong with it. A malformed token, and
   *   one of an issuer that is not trusted, are refused before anybody is asked.
   * @throws DependencyUnavailable when the issuer cannot be asked: the token may be good.
   */
  async verify(token: string, issuerId: string | undefined): Promise<VerifiedToken> {
    const { introspector, clock, audience } = this.parts;
    checkOpaqueForm(token);
    const issuer = this.#trustedIssuer(issuerId);
    const answer = await introspector.introspect(issuer, token);
    return verifyIntrospected(token, answer, issuer, { audience, now: clock.now() });
  }

  #trustedIssuer(issuerId: string | undefined): IntrospectionRegistration {
    const issuer = issuerId === undefined ? this.#onlyIssuer() : this.parts.issuers.named(issuerId);
    if (issuer?.kind !== 'introspection') {
      throw new TokenRejected('issuer_untrusted', 'no such issuer of opaque tokens is registered');
    }
    if (isOverdue(issuer, this.parts.clock.now())) {
      throw new TokenRejected(
        'issuer_untrusted',
        `the review of issuer ${issuer.id} is overdue; until someone reviews it, it is not trusted`,
      );
    }
    return issuer;
  }

  /** One whose review is overdue counts: its tokens must not be shown to the other one instead. */
  #onlyIssuer(): IntrospectionRegistration | undefined {
    const all = this.parts.issuers.all().filter((one) => one.kind === 'introspection');
    if (all.length > 1) {
      throw new TokenRejected(
        'issuer_untrusted',
        'several issuers of opaque tokens are registered; the token type must name one of them',
      );
    }
    return all[0];
  }
}
