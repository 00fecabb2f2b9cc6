import { type EventFactory, type PosternEvent } from '#events';
import { type Digest, epochSeconds, sha256 } from '#kernel';
import { subjectIdOf, type VerifiedToken } from '#identity';
import { type Handle, type SubjectTokenHistory } from '#handles';
import { type AccessDecision } from '#policy';
import { type CallerContext } from './caller-context.js';
import { type OAuthError } from './oauth-error.js';
import { type TokenExchangeRequest } from './token-exchange-request.js';

const AUDIENCE_LENGTH_MAX = 256;
const SCOPE_LENGTH_MAX = 1024;
const DETAIL_LENGTH_MAX = 1024;

/** What is known of one exchange while its steps run: enough to tell of it, however it ends. */
export class ExchangeTrace {
  request: TokenExchangeRequest | undefined;
  subjectToken: VerifiedToken | undefined;
  prior: SubjectTokenHistory | undefined;
  decision: AccessDecision | undefined;

  constructor(
    readonly exchangeId: string,
    readonly context: CallerContext,
  ) {}

  /** Both events of a handle that is about to be issued. */
  permitted(events: EventFactory, handle: Handle, token: VerifiedToken): PosternEvent[] {
    return [
      events.create('dev.postern.exchange.permitted.v1', {
        subject: `handle/${handle.id}`,
        partitionKey: handle.subject.id,
        correlationId: this.context.correlationId,
        data: {
          actor: { ...this.#actor(token), client: this.#client() },
          ...this.#requested(),
          subject_token_iat: epochSeconds(token.issuedAt),
          subject_token_exp: epochSeconds(token.expiresAt),
          ...(token.keyId === undefined ? {} : { subject_token_kid: token.keyId }),
          granted_resource: handle.resource,
          granted_scope: handle.scopes.join(' '),
          env: handle.environment,
          handle_id: handle.id,
          family_id: handle.familyId,
          handle_exp: epochSeconds(handle.expiresAt),
          max_calls: handle.maxCalls,
          binding: handle.binding.kind,
          pattern: handle.pattern,
          grant_id: handle.grant.id,
          grant_version: handle.grant.version,
          grant_set_digest: handle.grant.setDigest,
        },
      }),
      events.create('dev.postern.handle.issued.v1', {
        subject: `handle/${handle.id}`,
        partitionKey: handle.id,
        correlationId: this.context.correlationId,
        data: {
          handle_id: handle.id,
          family_id: handle.familyId,
          subject_id: handle.subject.id,
          resource: handle.resource,
          scope: handle.scopes.join(' '),
          env: handle.environment,
          expires_at: epochSeconds(handle.expiresAt),
          max_calls: handle.maxCalls,
          grant_id: handle.grant.id,
          grant_version: handle.grant.version,
        },
      }),
    ];
  }

  denied(events: EventFactory, refusal: OAuthError, environment: string): PosternEvent {
    const token = this.subjectToken;
    const actor = token === undefined ? {} : this.#actor(token);
    return events.create('dev.postern.exchange.denied.v1', {
      subject: `exchange/${this.exchangeId}`,
      partitionKey: token === undefined ? this.exchangeId : subjectIdOf(token.identity),
      correlationId: this.context.correlationId,
      severity: refusal.reason === 'cross_env_replay' ? 'FATAL' : 'WARN',
      data: {
        actor: { ...actor, client: this.#client() },
        ...this.#requested(),
        env: environment,
        reason: refusal.reason,
        detail: refusal.message.slice(0, DETAIL_LENGTH_MAX),
        error: refusal.code,
        ...(this.decision?.grant === undefined ? {} : { grant_id: this.decision.grant.id }),
        ...(this.decision === undefined ? {} : { grant_set_digest: this.decision.grantSetDigest }),
        ...(this.prior === undefined
          ? {}
          : { prior_exchange_id: this.prior.firstExchangeId, prior_env: this.prior.environment }),
      },
    });
  }

  #actor({ identity }: VerifiedToken): {
    subject_id: string;
    subject_issuer: string;
    subject: string;
    subject_kind: 'workload' | 'person';
  } {
    return {
      subject_id: subjectIdOf(identity),
      subject_issuer: identity.issuer,
      subject: identity.subject,
      subject_kind: identity.subjectKind,
    };
  }

  #client(): { ip: string; user_agent?: string } {
    const { peerAddress, userAgent } = this.context;
    return {
      ip: peerAddress,
      ...(userAgent === undefined ? {} : { user_agent: userAgent.slice(0, 200) }),
    };
  }

  #requested(): {
    exchange_id: string;
    subject_token_fp?: string;
    subject_token_jti?: string;
    subject_token_type?: string;
    audience?: string;
    resource?: string;
    scope?: string;
  } {
    return {
      exchange_id: this.exchangeId,
      ...fingerprintOf(this.subjectToken, this.request),
      ...wishOf(this.request),
    };
  }
}

/** What identifies the subject token without being it: of a token that was refused, no more than its digest. */
const fingerprintOf = (
  token: VerifiedToken | undefined,
  request: TokenExchangeRequest | undefined,
): { subject_token_fp?: string; subject_token_jti?: string } => {
  const fingerprint = token?.signingInputDigest ?? signingInputDigest(request?.subjectToken);
  return {
    ...(fingerprint === undefined ? {} : { subject_token_fp: fingerprint }),
    ...(token?.jti === undefined ? {} : { subject_token_jti: token.jti }),
  };
};

/** Of something else than a JWS nothing is kept: the digest of a short secret would give it away. */
function signingInputDigest(presented: string | undefined): Digest | undefined {
  const parts = presented?.split('.', 4) ?? [];
  return parts.length === 3 ? sha256(parts.slice(0, 2).join('.')) : undefined;
}

/** What was asked for, cut to the lengths of the event schema. */
function wishOf(request: TokenExchangeRequest | undefined): {
  subject_token_type?: string;
  audience?: string;
  resource?: string;
  scope?: string;
} {
  if (request === undefined) return {};
  const { audiences, resources, scopes } = request;
  return {
    subject_token_type: request.subjectTokenType,
    ...(audiences.length === 0 ? {} : { audience: cut(audiences.join(' '), AUDIENCE_LENGTH_MAX) }),
    ...(resources.length === 0 ? {} : { resource: cut(resources.join(' '), AUDIENCE_LENGTH_MAX) }),
    ...(scopes === undefined ? {} : { scope: cut(scopes.join(' '), SCOPE_LENGTH_MAX) }),
  };
}

const cut = (text: string, length: number): string => text.slice(0, length);
