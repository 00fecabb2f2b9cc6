import { type VerifiedToken } from '#identity';
import { refused } from './exchange-refusal.js';

/**
 * A person needs an actor, and a key-bound token a proof: this version serves neither, so both are refused.
 * @throws OAuthError invalid_request
 */
export function assertPresentable(token: VerifiedToken): void {
  if (token.identity.subjectKind === 'person') {
    throw refused('person_without_actor', "a person's token needs an actor token");
  }
  if (token.confirmation !== undefined) {
    throw refused(
      'binding_required',
      'the subject token is bound to a key: it never yields an unbound handle',
    );
  }
}

/**
 * A caller that authenticates may present its own subject token and nobody else's: without an actor token nothing says
 * that it acts for another. The key of an identity is issuer and subject together.
 * @throws OAuthError invalid_request
 */
export function assertCallerIsSubject(
  caller: VerifiedToken | undefined,
  { identity }: VerifiedToken,
): void {
  if (caller === undefined) return;
  const { issuer, subject } = caller.identity;
  if (issuer === identity.issuer && subject === identity.subject) return;
  throw refused('not_allowed', 'the client assertion and the subject token name two workloads');
}
