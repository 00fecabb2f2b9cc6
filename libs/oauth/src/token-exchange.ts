import { type Clock, randomId, sha256OfParts } from '#kernel';
import { type EventFactory, type EventJournal, type EvidenceBudget } from '#events';
import { type VerifiedToken, type WorkloadIdentity } from '#identity';
import {
  decide,
  type GrantSource,
  type PresentedAuthority,
  type Resource,
  type ResourceSet,
} from '#policy';
import {
  type Handle,
  type HandleStore,
  mintHandle,
  type MintedHandle,
  type PlantedCanaries,
  type ProofOfPossession,
  type ProofUses,
  type SubjectTokenUses,
} from '#handles';
import { type CallerAuthentication } from './caller-authentication.js';
import { type CallerContext } from './caller-context.js';
import { DeniedExchanges } from './denied-exchanges.js';
import { refusalOf, refused } from './exchange-refusal.js';
import { type ExchangeRestrictions } from './exchange-restrictions.js';
import { ExchangeTrace } from './exchange-trace.js';
import { Form, type FormRequest } from './form.js';
import { newHandle, type Permit } from './issue-handle.js';
import { OAuthError } from './oauth-error.js';
import { denialCode } from './denial-code.js';
import { isProven, proofsOf, provenKeys, type ProvenKeys } from './possession.js';
import { presentedAuthority } from './presented-authority.js';
import { type PresentedSubject, usesOf } from './presented-subject.js';
import { type PresentedTokens } from './presented-tokens.js';
import { parseTokenExchange, type TokenExchangeRequest } from './token-exchange-request.js';

export interface TokenExchangeParts {
  readonly callers: CallerAuthentication;
  readonly tokens: PresentedTokens;
  readonly possession: ProofOfPossession;
  readonly resources: ResourceSet;
  readonly grants: GrantSource;
  readonly handles: HandleStore;
  readonly uses: SubjectTokenUses;
  readonly proofUses: ProofUses;
  readonly journal: EventJournal;
  /** Says whether the evidence of another handle can be kept. */
  readonly evidence: Pick<EvidenceBudget, 'requireRoomForExchange'>;
  readonly events: EventFactory;
  readonly clock: Clock;
  readonly environment: string;
  readonly publicOrigin: string;
  /** Absent: none is planted. */
  readonly canaries?: Pick<PlantedCanaries, 'among'> | undefined;
  /** Absent: nothing is restricted. They are refreshed elsewhere. */
  readonly restrictions?: Pick<
    ExchangeRestrictions,
    'assertKnown' | 'assertNotHeldBack' | 'assertWithinRate'
  >;
}

/** The limits of a handle that `authorization_details` can tell of. */
export type CallDetails = Pick<Handle, 'intent' | 'task' | 'maxCalls'>;

/** What the caller gets. The handle's plaintext is in it and nowhere else. */
export interface IssuedHandle {
  readonly handle: string;
  readonly handleId: string;
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
  readonly tokenType: 'Bearer' | 'DPoP';
  /** What was granted of what the caller named in `authorization_details`; undefined when it named nothing. */
  readonly details: CallDetails | undefined;
}

/** What is presented, verified: everything that the decision needs of it. */
interface Presented {
  readonly subject: PresentedSubject;
  readonly actorToken: VerifiedToken | undefined;
  readonly caller: WorkloadIdentity | undefined;
  readonly authority: PresentedAuthority;
  readonly keys: ProvenKeys;
}

/** The exchange pipeline (RFC 8693): what a workload presents in, a narrower handle out, one event either way. */
export class TokenExchange {
  readonly #denied: DeniedExchanges;

  constructor(private readonly parts: TokenExchangeParts) {
    this.#denied = new DeniedExchanges(parts);
  }

  /** May be called at once by many. @throws OAuthError; its denial is on record when it is thrown */
  async exchange(request: FormRequest, context: CallerContext): Promise<IssuedHandle> {
    const trace = new ExchangeTrace(randomId('exc'), context);
    return this.#steps(request, trace).catch((failure: unknown) =>
      this.#deny(failure, trace, request),
    );
  }

  /** Writes what is summed up of denials; call it about once a second. @throws DependencyUnavailable */
  flushDenials(): Promise<void> {
    return this.#denied.flushDue();
  }

  /** Writes what is left to write. @throws DependencyUnavailable */
  close(): Promise<void> {
    return this.#denied.close();
  }

  async #steps(received: FormRequest, trace: ExchangeTrace): Promise<IssuedHandle> {
    this.parts.evidence.requireRoomForExchange();
    const form = Form.parse(received);
    const caller = await this.parts.callers.authenticate(
      received.authorization,
      form,
      trace.context,
    );
    const request = (trace.request = parseTokenExchange(form));
    const presented = await this.#verify(request, caller, trace);
    await this.#assertUnspent(presented.subject, trace);
    await this.#assertUnrestricted(presented);
    const resource = this.#resolve(request);
    this.parts.restrictions?.assertKnown(presented.subject.identity, resource.id);
    const permit = this.#decide(presented, resource, trace);
    await this.#spendActorToken(presented.actorToken);
    const minted = mintHandle(this.parts.environment);
    const handle = this.#narrow(presented, permit, minted, trace);
    await this.#issue(handle, presented, trace);
    return answerOf(minted, handle, request);
  }

  async #verify(
    request: TokenExchangeRequest,
    caller: WorkloadIdentity | undefined,
    trace: ExchangeTrace,
  ): Promise<Presented> {
    const { tokens, possession, publicOrigin } = this.parts;
    const subject = (trace.subject = await tokens.subject(request.subjectToken));
    const actorToken =
      request.actorToken === undefined ? undefined : await tokens.actor(request.actorToken);
    const authority = presentedAuthority({ subject, actorToken, caller });
    trace.presented = authority;
    const uri = `${publicOrigin}/oauth2/token`;
    const keys = await provenKeys(possession, { context: trace.context, method: 'POST', uri });
    return { subject, actorToken, caller, authority, keys };
  }

  async #assertUnspent({ origin }: PresentedSubject, trace: ExchangeTrace): Promise<void> {
    if (origin.kind === 'handle') return;
    const { key, usesMax } = origin.use;
    const prior = (trace.prior = await this.parts.uses.find(key));
    if (prior === undefined) return;
    if (prior.environment !== this.parts.environment) {
      throw refused('cross_env_replay', `the subject token was exchanged in ${prior.environment}`);
    }
    if (prior.uses >= (usesMax ?? Number.POSITIVE_INFINITY)) throw replayed(prior.uses);
  }

  /** A bound token without its key is in other hands: that is refused below, and counts for nobody. */
  async #assertUnrestricted({ subject, actorToken, keys }: Presented): Promise<void> {
    const { restrictions } = this.parts;
    if (!isProven(keys, [subject.confirmation, actorToken?.confirmation])) return;
    await restrictions?.assertWithinRate(subject.identity);
    if (subject.origin.kind === 'handle') restrictions?.assertNotHeldBack(subject.origin.handle);
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

  #decide(presented: Presented, resource: Resource, trace: ExchangeTrace): Permit {
    const { subject, actorToken, caller, authority, keys } = presented;
    const proofs = proofsOf(keys, [subject.confirmation, actorToken?.confirmation]);
    const decision = (trace.decision = decide(this.parts.grants.current(), {
      identity: subject.identity,
      presented: authority,
      clientAuthenticated: caller !== undefined || proofs.boundBy !== 'none',
      proofs,
      requestedScopes: trace.request?.scopes,
      intent: trace.intent,
      resource,
      expiresAt: earliest(subject.expiresAt, actorToken?.expiresAt),
      now: this.parts.clock.now(),
    }));
    if (decision.effect === 'permit') return decision;
    throw new OAuthError(denialCode(decision, resource), decision.reason, decision.detail);
  }

  /** Once for all deployments that share the memory: who proves itself by it says so for one exchange. */
  async #spendActorToken(token: VerifiedToken | undefined): Promise<void> {
    if (token?.issuer.tokenUse.kind !== 'once') return;
    const { key, forgetAt } = usesOf(token);
    const use = await this.parts.proofUses.use(sha256OfParts(['actor', key]), forgetAt);
    if (use !== 'first') throw refused('replayed', 'the actor token was used before');
  }

  #narrow(
    presented: Presented,
    permit: Permit,
    minted: MintedHandle,
    trace: ExchangeTrace,
  ): Handle {
    const { subject, authority, keys } = presented;
    const { environment, clock } = this.parts;
    return newHandle({
      ...{ minted, subject, permit, keys, environment, clock },
      presented: authority,
      knownFamilyId: trace.prior?.familyId,
      correlationId: trace.context.correlationId,
      peerAddress: trace.context.peerAddress,
    });
  }

  /** The store decides races: of many at once for a token with one use left, one is issued. */
  async #issue(handle: Handle, { subject }: Presented, trace: ExchangeTrace): Promise<void> {
    const { origin } = subject;
    const use =
      origin.kind === 'handle'
        ? undefined
        : {
            key: origin.use.key,
            usesMax: origin.use.usesMax,
            expiresAt: origin.use.forgetAt,
            environment: handle.environment,
            exchangeId: trace.exchangeId,
            familyId: handle.familyId,
          };
    const events = trace.permitted(this.parts.events, handle, subject);
    const outcome = await this.parts.handles.issue({ handle, use, events });
    if (outcome === 'issued') return;
    if (outcome === 'suspended') throw suspended();
    if (use === undefined || outcome === 'orphaned') {
      throw refused('handle_not_live', 'the handle that is presented has ended, or its calls have');
    }
    trace.prior = await this.parts.uses.find(use.key);
    throw replayed(trace.prior?.uses ?? 0);
  }

  /** One event for each refusal, before the answer; without it the answer is that nothing can be answered now. */
  async #deny(failure: unknown, trace: ExchangeTrace, received: FormRequest): Promise<never> {
    const refusal = refusalOf(failure);
    await this.#denied.record(refusal, trace, received).catch((cause: unknown) => {
      const detail = 'the denial could not be recorded';
      throw new OAuthError('temporarily_unavailable', 'dependency_unavailable', detail, { cause });
    });
    throw refusal;
  }
}

/** The caller is told what it is told when no grant permits it: who is suspended does not learn of that. */
const suspended = (): OAuthError =>
  new OAuthError('invalid_target', 'suspended', 'what the new handle rests on is suspended');

const earliest = (one: Date, other: Date | undefined): Date =>
  other !== undefined && other < one ? other : one;

const answerOf = (
  { plaintext }: MintedHandle,
  handle: Handle,
  { intent }: TokenExchangeRequest,
): IssuedHandle => ({
  handle: plaintext,
  handleId: handle.id,
  scopes: handle.scopes,
  expiresInSeconds: (handle.expiresAt.getTime() - handle.issuedAt.getTime()) / 1000,
  tokenType: handle.binding.kind === 'dpop' ? 'DPoP' : 'Bearer',
  details: Object.values(intent).some((asked) => asked !== undefined)
    ? { intent: handle.intent, task: handle.task, maxCalls: handle.maxCalls }
    : undefined,
});

const replayed = (uses: number): OAuthError =>
  refused('replayed', `the subject token was exchanged ${uses} times, and may not be again`);
