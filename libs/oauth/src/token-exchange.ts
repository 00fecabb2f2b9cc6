import {
  type Clock,
  DependencyUnavailable,
  type Digest,
  randomId,
  secondsAfter,
  sha256OfParts,
} from '#kernel';
import { type EventFactory, type EventJournal } from '#events';
import { type SubjectTokenVerifier, TokenRejected, type VerifiedToken } from '#identity';
import {
  type AccessDecision,
  decide,
  type GrantSource,
  handleCallsMax,
  handleLifeSeconds,
  type Resource,
  type ResourceSet,
} from '#policy';
import { type Handle, type HandleStore, mintHandle, type SubjectTokenUses } from '#handles';
import { subjectIdOf } from '#identity';
import { type CallerContext } from './caller-context.js';
import { ExchangeTrace } from './exchange-trace.js';
import { Form } from './form.js';
import { OAuthError } from './oauth-error.js';
import { parseTokenExchange, type TokenExchangeRequest } from './token-exchange-request.js';

export interface TokenExchangeParts {
  readonly verifier: SubjectTokenVerifier;
  readonly resources: ResourceSet;
  readonly grants: GrantSource;
  readonly handles: HandleStore;
  readonly uses: SubjectTokenUses;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
  readonly environment: string;
}

/** The body of `POST /oauth2/token`, as received. */
export interface FormRequest {
  readonly contentType: string | undefined;
  readonly body: string;
}

/** What the caller gets. The handle's plaintext is in it and nowhere else. */
export interface IssuedHandle {
  readonly handle: string;
  readonly handleId: string;
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
}

type Permit = Extract<AccessDecision, { effect: 'permit' }>;

/** The exchange pipeline (RFC 8693): a subject token in, a narrower handle out, one event either way. */
export class TokenExchange {
  constructor(private readonly parts: TokenExchangeParts) {}

  /** @throws OAuthError; its denial is on record when it is thrown */
  async exchange(form: FormRequest, context: CallerContext): Promise<IssuedHandle> {
    const trace = new ExchangeTrace(randomId('exc'), context);
    return this.steps(form, trace).catch((failure: unknown) => this.deny(failure, trace));
  }

  private async steps(form: FormRequest, trace: ExchangeTrace): Promise<IssuedHandle> {
    const request = (trace.request = parseTokenExchange(Form.parse(form.contentType, form.body)));
    const token = (trace.subjectToken = await this.parts.verifier.verify(request.subjectToken));
    assertCallerAlone(token);
    const useKey = subjectTokenKey(token);
    await this.assertUnspent(token, useKey, trace);
    const resource = this.resolve(request);
    const permit = this.decide(token, resource, request, trace);
    const minted = mintHandle(this.parts.environment);
    const handle = this.narrow(token, resource, permit, { ...minted, trace });
    await this.issue(handle, token, useKey, trace);
    const expiresInSeconds = (handle.expiresAt.getTime() - handle.issuedAt.getTime()) / 1000;
    return {
      handle: minted.plaintext,
      handleId: handle.id,
      scopes: handle.scopes,
      expiresInSeconds,
    };
  }

  private async assertUnspent(
    token: VerifiedToken,
    useKey: Digest,
    trace: ExchangeTrace,
  ): Promise<void> {
    const prior = (trace.prior = await this.parts.uses.find(useKey));
    if (prior === undefined) return;
    if (prior.environment !== this.parts.environment) {
      throw refused('cross_env_replay', `the subject token was exchanged in ${prior.environment}`);
    }
    if (prior.uses >= (usesMax(token) ?? Number.POSITIVE_INFINITY)) throw replayed(prior.uses);
  }

  private resolve(request: TokenExchangeRequest): Resource {
    const resolution = this.parts.resources.resolve(request);
    if (resolution.kind === 'resolved') return resolution.resource;
    throw new OAuthError(
      'invalid_target',
      'unknown_resource',
      `audience and resource do not name one resource: ${resolution.kind}`,
    );
  }

  private decide(
    { identity }: VerifiedToken,
    resource: Resource,
    request: TokenExchangeRequest,
    trace: ExchangeTrace,
  ): Permit {
    const now = this.parts.clock.now();
    const requestedScopes = request.scopes;
    const decision = decide(this.parts.grants.current(), {
      identity,
      resource,
      requestedScopes,
      now,
    });
    trace.decision = decision;
    if (decision.effect === 'permit') return decision;
    const code = decision.reason === 'scope_not_allowed' ? 'invalid_scope' : 'invalid_target';
    throw new OAuthError(code, decision.reason, decision.detail);
  }

  /** Every dimension is the narrowest of what applies. */
  private narrow(
    token: VerifiedToken,
    resource: Resource,
    { grant, grantSetDigest, scopes }: Permit,
    minted: { readonly id: string; readonly digest: Digest; readonly trace: ExchangeTrace },
  ): Handle {
    const { clock, environment } = this.parts;
    const now = clock.now();
    const tokenExpiresAt = token.expiresAt;
    const life = handleLifeSeconds({ grant, resource, now, tokenExpiresAt });
    if (life <= 0) throw refused('no_lifetime_left', 'the subject token has no second left');
    const { issuer, subject } = token.identity;
    return {
      id: minted.id,
      digest: minted.digest,
      familyId: minted.trace.prior?.familyId ?? randomId('fam'),
      subject: { issuer, subject, id: subjectIdOf(token.identity) },
      subjectTokenKeyId: token.keyId,
      grant: { id: grant.id, version: grant.version, setDigest: grantSetDigest },
      pattern: grant.pattern,
      resource: resource.id,
      environment,
      scopes,
      binding: { kind: 'none' },
      issuedAt: now,
      expiresAt: secondsAfter(now, life),
      maxCalls: handleCallsMax({ grant, resource }),
      callsUsed: 0,
      status: 'active',
      correlationId: minted.trace.context.correlationId,
    };
  }

  /** The store decides races: of many at once for a token with one use left, one is issued. */
  private async issue(
    handle: Handle,
    token: VerifiedToken,
    useKey: Digest,
    trace: ExchangeTrace,
  ): Promise<void> {
    const outcome = await this.parts.handles.issue({
      handle,
      use: {
        key: useKey,
        usesMax: usesMax(token),
        environment: handle.environment,
        exchangeId: trace.exchangeId,
        familyId: handle.familyId,
        expiresAt: secondsAfter(token.expiresAt, token.issuer.clockSkewSeconds),
      },
      events: trace.permitted(this.parts.events, handle, token),
    });
    if (outcome === 'issued') return;
    trace.prior = await this.parts.uses.find(useKey);
    throw replayed(trace.prior?.uses ?? 0);
  }

  /** One event for each refusal, before the answer; without it the answer is that nothing can be answered now. */
  private async deny(failure: unknown, trace: ExchangeTrace): Promise<never> {
    const refusal = refusalOf(failure);
    const { journal, events, environment } = this.parts;
    await journal.append([trace.denied(events, refusal, environment)]).catch((cause: unknown) => {
      throw new OAuthError(
        'temporarily_unavailable',
        'dependency_unavailable',
        'the denial could not be recorded',
        { cause },
      );
    });
    throw refusal;
  }
}

const refused = (reason: OAuthError['reason'], detail: string): OAuthError =>
  new OAuthError('invalid_request', reason, detail);

const replayed = (uses: number): OAuthError =>
  refused('replayed', `the subject token was exchanged ${uses} times, and may not be again`);

/** A person needs an actor, and a key-bound token a proof: this version serves neither, so both are refused. */
function assertCallerAlone(token: VerifiedToken): void {
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

/** RFC 7519 section 4.1.7: `jti` is unique for its issuer. Without one, the signing input stands for the token. */
const subjectTokenKey = ({ identity, jti, signingInputDigest }: VerifiedToken): Digest =>
  jti === undefined
    ? sha256OfParts(['signing-input', identity.issuer, signingInputDigest])
    : sha256OfParts(['jti', identity.issuer, jti]);

function usesMax({ issuer: { tokenUse } }: VerifiedToken): number | undefined {
  switch (tokenUse.kind) {
    case 'once':
      return 1;
    case 'bounded':
      return tokenUse.uses;
    case 'reusable':
      return undefined;
  }
}

function refusalOf(failure: unknown): OAuthError {
  if (failure instanceof OAuthError) return failure;
  if (failure instanceof TokenRejected) {
    return new OAuthError('invalid_request', failure.reason, failure.message, { cause: failure });
  }
  const reason =
    failure instanceof DependencyUnavailable ? 'dependency_unavailable' : 'internal_error';
  const detail = failure instanceof Error ? failure.message : 'unknown failure';
  return new OAuthError('temporarily_unavailable', reason, detail, { cause: failure });
}
