import {
  type IntrospectedTokenVerifier,
  type IssuerRegistry,
  type SubjectTokenVerifier,
  type VerifiedToken,
} from '#identity';
import { refused } from './exchange-refusal.js';
import { type LiveHandles } from './live-handles.js';
import { type PresentedSubject, subjectOfHandle, subjectOfToken } from './presented-subject.js';
import { type PresentedToken } from './token-exchange-request.js';

export interface PresentedTokensParts {
  readonly verifier: SubjectTokenVerifier;
  /** Undefined where no issuer of opaque tokens is registered. */
  readonly introspected: IntrospectedTokenVerifier | undefined;
  readonly live: LiveHandles;
  readonly issuers: IssuerRegistry;
}

/** From what was presented, by its type, to whose authority it is. */
export class PresentedTokens {
  constructor(private readonly parts: PresentedTokensParts) {}

  /** @throws TokenRejected, OAuthError, DependencyUnavailable */
  async subject(presented: PresentedToken): Promise<PresentedSubject> {
    if (presented.kind !== 'handle') return subjectOfToken(await this.#verify(presented));
    const handle = await this.parts.live.find(presented.token);
    const issuer =
      handle === undefined ? undefined : this.parts.issuers.find(handle.subject.issuer);
    if (handle === undefined || issuer === undefined) {
      throw refused('handle_not_live', 'the handle that is presented is not a live one of ours');
    }
    return subjectOfHandle(handle, issuer.subjects);
  }

  /** An actor token is a workload's own: it records nobody else, and a handle is none. @throws as subject() */
  async actor(presented: PresentedToken): Promise<VerifiedToken> {
    if (presented.kind === 'handle') throw refused('not_supported', 'an actor token is no handle');
    const token = await this.#verify(presented);
    if (token.actors.length === 0) return token;
    throw refused('actor_not_allowed', 'the actor token records an actor of its own');
  }

  async #verify(presented: Exclude<PresentedToken, { kind: 'handle' }>): Promise<VerifiedToken> {
    const { verifier, introspected } = this.parts;
    if (presented.kind === 'jwt') return verifier.verify(presented.token);
    if (introspected !== undefined) return introspected.verify(presented.token, presented.issuerId);
    throw refused('issuer_untrusted', 'no issuer of opaque tokens is registered');
  }
}
