import { type Clock, type Digest, randomId, secondsAfter } from '#kernel';
import { type EventFactory, type EventJournal } from '#events';
import { subjectIdOf, type SubjectTokenVerifier, type VerifiedToken } from '#identity';
import {
  type AccessDecision,
  decide,
  type GrantSource,
  handleCallsMax,
  handleLifeSeconds,
  type Resource,
  type ResourceSet,
} from '#policy';
import {
  type Handle,
  type HandleStore,
  type MintedHandle,
  mintHandle,
  type SubjectTokenUses,
} from '#handles';
import { assertCallerIsSubject, assertPresentable } from './assert-presentable.js';
import { type CallerContext } from './caller-context.js';
import { ClientAssertions } from './client-assertions.js';
import { refusalOf, refused } from './exchange-refusal.js';
import { ExchangeTrace } from './exchange-trace.js';
import { Form, type FormRequest } from './form.js';
import { OAuthError } from './oauth-error.js';
import { presentedCredentials } from './presented-credentials.js';
import { familyIdOf, subjectTokenKey, usesMax } from './subject-token-key.js';
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
  /** Shared with the other endpoints, so that an assertion serves once at any of them. */
  readonly assertions?: ClientAssertions;
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
  readonly #assertions: ClientAssertions;

  constructor(private readonly parts: TokenExchangeParts) {
    this.#assertions = parts.assertions ?? new ClientAssertions(parts);
  }

  /** May be called at once by many. @throws OAuthError; its denial is on record when it is thrown */
  async exchange(request: FormRequest, context: CallerContext): Promise<IssuedHandle> {
    const trace = new ExchangeTrace(randomId('exc'), context);
    return this.#steps(request, trace).catch((failure: unknown) => this.#deny(failure, trace));
  }

  async #steps(received: FormRequest, trace: ExchangeTrace): Promise<IssuedHandle> {
    const form = Form.parse(received);
    const caller = await this.#authenticate(received.authorization, form);
    const request = (trace.request = parseTokenExchange(form));
    const token = (trace.subjectToken = await this.parts.verifier.verify(request.subjectToken));
    assertPresentable(token);
    assertCallerIsSubject(caller, token);
    await this.#assertUnspent(token, trace);
    const resource = this.#resolve(request);
    const permit = this.#decide(token, resource, request, trace);
    const minted = mintHandle(this.parts.environment);
    const handle = this.#narrow({ token, resource, permit, minted, trace });
    await this.#issue(handle, token, trace);
    return answerOf(minted, handle);
  }

  /** Nobody has to: the subject token says who the caller is. But whoever tries must be who it says. */
  async #authenticate(
    authorization: string | undefined,
    form: Form,
  ): Promise<VerifiedToken | undefined> {
    const presented = presentedCredentials(authorization, form);
    if (presented.kind === 'none') return undefined;
    if (presented.kind === 'assertion') return this.#assertions.authenticate(form);
    const detail = `client authentication by ${presented.kind}: there are no registered clients`;
    throw new OAuthError('invalid_client', 'invalid_client', detail);
  }

  async #assertUnspent(token: VerifiedToken, trace: ExchangeTrace): Promise<void> {
    const prior = (trace.prior = await this.parts.uses.find(subjectTokenKey(token)));
    if (prior === undefined) return;
    if (prior.environment !== this.parts.environment) {
      throw refused('cross_env_replay', `the subject token was exchanged in ${prior.environment}`);
    }
    if (prior.uses >= (usesMax(token) ?? Number.POSITIVE_INFINITY)) throw replayed(prior.uses);
  }

  #resolve(request: TokenExchangeRequest): Resource {
    const resolution = this.parts.resources.resolve(request);
    if (resolution.kind === 'resolved') return resolution.resource;
    throw new OAuthError(
      'invalid_target',
      'unknown_resource',
      `audience and resource do not name one resource: ${resolution.kind}`,
    );
  }

  #decide(
    { identity }: VerifiedToken,
    resource: Resource,
    { scopes: requestedScopes }: TokenExchangeRequest,
    trace: ExchangeTrace,
  ): Permit {
    const now = this.parts.clock.now();
    const question = { identity, resource, requestedScopes, now };
    const decision = (trace.decision = decide(this.parts.grants.current(), question));
    if (decision.effect === 'deny') {
      const code = decision.reason === 'scope_not_allowed' ? 'invalid_scope' : 'invalid_target';
      throw new OAuthError(code, decision.reason, decision.detail);
    }
    if (decision.grant.binding === 'none' && resource.handle.binding === 'none') return decision;
    throw refused('binding_required', 'only unbound handles are available in this version');
  }

  /** Every dimension is the narrowest of what applies. */
  #narrow({ token, resource, permit, minted, trace }: NarrowingParts): Handle {
    const { grant, grantSetDigest, scopes } = permit;
    const now = this.parts.clock.now();
    const { expiresAt: tokenExpiresAt, identity } = token;
    const life = handleLifeSeconds({ grant, resource, now, tokenExpiresAt });
    if (life <= 0) throw refused('no_lifetime_left', 'the subject token has no second left');
    return {
      id: minted.id,
      digest: minted.digest,
      familyId: trace.prior?.familyId ?? familyIdOf(subjectTokenKey(token)),
      subject: { issuer: identity.issuer, subject: identity.subject, id: subjectIdOf(identity) },
      subjectTokenKeyId: token.keyId,
      grant: { id: grant.id, version: grant.version, setDigest: grantSetDigest },
      pattern: grant.pattern,
      resource: resource.id,
      environment: this.parts.environment,
      scopes,
      binding: { kind: 'none' },
      issuedAt: now,
      expiresAt: secondsAfter(now, life),
      maxCalls: handleCallsMax({ grant, resource }),
      callsUsed: 0,
      status: 'active',
      correlationId: trace.context.correlationId,
    };
  }

  /** The store decides races: of many at once for a token with one use left, one is issued. */
  async #issue(handle: Handle, token: VerifiedToken, trace: ExchangeTrace): Promise<void> {
    const key = subjectTokenKey(token);
    const outcome = await this.parts.handles.issue({
      handle,
      use: useOf(key, handle, token, trace),
      events: trace.permitted(this.parts.events, handle, token),
    });
    if (outcome === 'issued') return;
    trace.prior = await this.parts.uses.find(key);
    throw replayed(trace.prior?.uses ?? 0);
  }

  /** One event for each refusal, before the answer; without it the answer is that nothing can be answered now. */
  async #deny(failure: unknown, trace: ExchangeTrace): Promise<never> {
    const refusal = refusalOf(failure);
    const { journal, events, environment } = this.parts;
    await journal.append([trace.denied(events, refusal, environment)]).catch((cause: unknown) => {
      const detail = 'the denial could not be recorded';
      throw new OAuthError('temporarily_unavailable', 'dependency_unavailable', detail, { cause });
    });
    throw refusal;
  }
}

interface NarrowingParts {
  readonly token: VerifiedToken;
  readonly resource: Resource;
  readonly permit: Permit;
  readonly minted: MintedHandle;
  readonly trace: ExchangeTrace;
}

const useOf = (key: Digest, handle: Handle, token: VerifiedToken, trace: ExchangeTrace) => ({
  key,
  usesMax: usesMax(token),
  environment: handle.environment,
  exchangeId: trace.exchangeId,
  familyId: handle.familyId,
  // A token is accepted until its expiry plus the clock skew; that long its use is remembered.
  expiresAt: secondsAfter(token.expiresAt, token.issuer.clockSkewSeconds),
});

const answerOf = ({ plaintext }: MintedHandle, handle: Handle): IssuedHandle => ({
  handle: plaintext,
  handleId: handle.id,
  scopes: handle.scopes,
  expiresInSeconds: (handle.expiresAt.getTime() - handle.issuedAt.getTime()) / 1000,
});

const replayed = (uses: number): OAuthError =>
  refused('replayed', `the subject token was exchanged ${uses} times, and may not be again`);
