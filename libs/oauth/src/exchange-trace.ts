import { type EventFactory, type PosternEvent, withoutCredentials } from '#events';
import { epochSeconds } from '#kernel';
import { subjectIdOf, type WorkloadIdentity } from '#identity';
import { type Handle, type SubjectTokenHistory } from '#handles';
import { type AccessDecision, type Intent, NO_INTENT, type PresentedAuthority } from '#policy';
import { type CallerContext } from './caller-context.js';
import { type OAuthError } from './oauth-error.js';
import { type PresentedSubject } from './presented-subject.js';
import { tokenTold, wishTold } from './told-request.js';
import { type TokenExchangeRequest } from './token-exchange-request.js';

const DETAIL_LENGTH_MAX = 1024;
const USER_AGENT_LENGTH_MAX = 200;

/** Where an exchange was denied; and the canary that was presented for it. */
export interface DenialPlace {
  readonly environment: string;
  readonly canaryId: string | undefined;
}

/** What is known of one exchange while its steps run: enough to tell of it, however it ends. */
export class ExchangeTrace {
  request: TokenExchangeRequest | undefined;
  subject: PresentedSubject | undefined;
  presented: PresentedAuthority | undefined;
  prior: SubjectTokenHistory | undefined;
  decision: AccessDecision | undefined;

  constructor(
    readonly exchangeId: string,
    readonly context: CallerContext,
  ) {}

  get intent(): Intent {
    return this.request?.intent ?? NO_INTENT;
  }

  /** Both events of a handle that is about to be issued to this subject. */
  permitted(events: EventFactory, handle: Handle, subject: PresentedSubject): PosternEvent[] {
    return [
      events.create('dev.postern.exchange.permitted.v1', {
        subject: `handle/${handle.id}`,
        partitionKey: handle.subject.id,
        correlationId: this.context.correlationId,
        data: {
          actor: { ...actorBlockOf(subject.identity), client: this.#client() },
          ...this.#requested(),
          ...timesOf(subject),
          ...grantedTo(handle),
        },
      }),
      issued(events, handle, this.context),
    ];
  }

  denied(
    events: EventFactory,
    refusal: OAuthError,
    { environment, canaryId }: DenialPlace,
  ): PosternEvent<'dev.postern.exchange.denied.v1'> {
    const identity = this.subject?.identity;
    const actor = identity === undefined ? {} : actorBlockOf(identity);
    return events.create('dev.postern.exchange.denied.v1', {
      subject: `exchange/${this.exchangeId}`,
      partitionKey: identity === undefined ? this.exchangeId : subjectIdOf(identity),
      correlationId: this.context.correlationId,
      severity: canaryId !== undefined || refusal.reason === 'cross_env_replay' ? 'FATAL' : 'WARN',
      data: {
        actor: { ...actor, client: this.#client() },
        ...this.#requested(),
        env: environment,
        ...(canaryId === undefined ? {} : { canary_id: canaryId }),
        reason: canaryId === undefined ? refusal.reason : 'canary',
        detail: withoutCredentials(refusal.message, DETAIL_LENGTH_MAX),
        error: refusal.code,
        ...restrictedBy(refusal),
        ...this.#decided(),
      },
    });
  }

  /** What the denial rests on: the grant that came closest, and an earlier use of the token. */
  #decided() {
    const { decision, prior } = this;
    return {
      ...(decision?.grant === undefined ? {} : { grant_id: decision.grant.id }),
      ...(decision === undefined ? {} : { grant_set_digest: decision.grantSetDigest }),
      ...(prior === undefined
        ? {}
        : { prior_exchange_id: prior.firstExchangeId, prior_env: prior.environment }),
    };
  }

  #client(): { ip: string; user_agent?: string } {
    const { peerAddress, userAgent } = this.context;
    return {
      ip: peerAddress,
      ...(userAgent === undefined
        ? {}
        : { user_agent: withoutCredentials(userAgent, USER_AGENT_LENGTH_MAX) }),
    };
  }

  #requested() {
    return {
      exchange_id: this.exchangeId,
      ...tokenTold(this.subject, this.request),
      ...wishTold(this.request),
      ...actorsTold(this.subject, this.presented),
    };
  }
}

const restrictedBy = ({ restriction }: OAuthError) =>
  restriction === undefined
    ? {}
    : { restriction_id: restriction.id, detection_id: restriction.detectionId };

const actorBlockOf = (identity: WorkloadIdentity) => ({
  subject_id: subjectIdOf(identity),
  subject_issuer: identity.issuer,
  subject: identity.subject,
  subject_kind: identity.subjectKind,
});

/** The new actor in front of those that the subject token records. */
function actorsTold(
  subject: PresentedSubject | undefined,
  presented: PresentedAuthority | undefined,
): { actor_chain?: { issuer: string; subject: string }[] } {
  const actor = presented?.kind === 'delegated' ? [presented.actor] : [];
  const chain = [...actor, ...(subject?.actors ?? [])];
  if (chain.length === 0) return {};
  return {
    actor_chain: chain.map((hop) => ({ issuer: hop.issuer, subject: hop.subject.slice(0, 256) })),
  };
}

function timesOf({ origin }: PresentedSubject) {
  const { issuedAt, expiresAt } = origin.kind === 'handle' ? origin.handle : origin.token;
  const keyId = origin.kind === 'handle' ? undefined : origin.token.keyId;
  return {
    subject_token_iat: epochSeconds(issuedAt),
    subject_token_exp: epochSeconds(expiresAt),
    ...(keyId === undefined ? {} : { subject_token_kid: keyId }),
  };
}

const grantedTo = (handle: Handle) => ({
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
});

const issued = (
  events: EventFactory,
  handle: Handle,
  { correlationId }: CallerContext,
): PosternEvent =>
  events.create('dev.postern.handle.issued.v1', {
    subject: `handle/${handle.id}`,
    partitionKey: handle.id,
    correlationId,
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
  });
