import { type EventFactory, type EventJournal } from '#events';
import {
  type Handle,
  type HandleLife,
  type HandleLookup,
  type HandleMemory,
  type PlantedCanaries,
  type ProofOfPossession,
} from '#handles';
import { type Clock, type PosternError, randomId } from '#kernel';
import { type PathExceptions } from '#policy';
import { ActiveCall, type PermittedCall } from './active-call.js';
import { askedProtocol, judgedAs } from './asked-protocol.js';
import { Bulkhead } from './bulkhead.js';
import { CallAttempt } from './call-attempt.js';
import { type CallDenied } from './call-denied.js';
import { CallFailed } from './call-failed.js';
import {
  type CallLedger,
  type CallStart,
  type FirstUse,
  type StartOutcome,
} from './call-ledger.js';
import { CallReserve } from './call-reserve.js';
import { type CallRestrictions } from './call-restrictions.js';
import { CallsInFlight, type RecheckObserver } from './calls-in-flight.js';
import { type CanonicalRequest, canonicalRequest } from './canonical-request.js';
import { type CredentialParts, CredentialStep } from './credential-step.js';
import { deniedBecause, requireRoom, requireStarted, uncounted, unrecorded } from './denials.js';
import { DenialJournal } from './denial-journal.js';
import { FirstUses } from './first-uses.js';
import { Forwarder } from './forwarder.js';
import { HandleCheck } from './handle-check.js';
import { HeldKey } from './held-key.js';
import { type CallContext, type CallerResponse, type IncomingCall } from './incoming-call.js';
import { permitCall } from './permit-call.js';
import { type PresentedHandle, presentedHandle } from './presented-handle.js';
import { type ProxiedResource } from './proxied-resource.js';
import { type ResponseRelay } from './relay/response-relay.js';
import { type Switching } from './relay/switched.js';
import { announcedBody, refuseTooLarge } from './request-body.js';
import { type TokenSource } from './token-source.js';
import { type Upstream } from './upstream.js';

export interface InjectionParts {
  readonly resources: ReadonlyMap<string, ProxiedResource>;
  readonly handles: HandleLookup;
  /** What `handles` remembers; absent: nothing. */
  readonly remembered?: HandleMemory;
  /** Confirms calls in flight, best by a way of its own: it must not wait behind those that begin. Default: `handles`. */
  readonly confirming?: Pick<HandleLookup, 'endedAmong'>;
  /** The one of this process. */
  readonly life: HandleLife;
  readonly ledger: CallLedger;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly credentials: CredentialParts['credentials'];
  /** Absent: no credential is managed. Its turns are not made here. */
  readonly managed?: CredentialParts['managed'];
  /** Hears of calls that were sent once more with another version of a secret. */
  readonly resent?: CredentialParts['resent'];
  readonly upstream: Upstream;
  /** Of resources whose secret gets tokens. */
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly possession: ProofOfPossession;
  readonly publicOrigin: string;
  /** The one that this deployment serves. */
  readonly environment: string;
  /** Absent: none is planted. It is refreshed elsewhere. */
  readonly canaries?: Pick<PlantedCanaries, 'among'> | undefined;
  /** Absent: nothing is restricted. They are refreshed elsewhere. */
  readonly restrictions?: Pick<CallRestrictions, 'assertWithinBytes' | 'cameBack' | 'refused'>;
  /** Hears of calls that are cut in flight. */
  readonly rechecks?: RecheckObserver;
}

/** Who calls, and with what. */
interface Arrival {
  readonly attempt: CallAttempt;
  readonly presented: PresentedHandle;
}

/** One call from its raw request to its last byte. What was judged, counted and injected is one object throughout. */
export class InjectionPipeline {
  readonly #handles: HandleCheck;
  readonly #keys: HeldKey;
  readonly #credentials: CredentialStep;
  readonly #forwarder: Forwarder;
  readonly #denials: DenialJournal;
  readonly #reserve: CallReserve;
  readonly #firstUses: FirstUses;
  readonly #bulkhead = new Bulkhead();
  readonly #calls: CallsInFlight;
  readonly #exceptionsOf = (resourceId: string): PathExceptions | undefined =>
    this.parts.resources.get(resourceId)?.pathExceptions;

  constructor(private readonly parts: InjectionParts) {
    this.#handles = new HandleCheck(parts);
    this.#keys = new HeldKey(parts);
    this.#credentials = new CredentialStep(parts);
    this.#forwarder = new Forwarder(parts.upstream, this.#credentials.managed);
    this.#denials = new DenialJournal(parts);
    this.#reserve = new CallReserve(parts);
    this.#firstUses = new FirstUses(parts.events);
    this.#calls = new CallsInFlight({
      handles: parts.confirming ?? parts.handles,
      holders: () => this.#credentials.holders(),
      onEnded: (handleIds) => this.#ended(handleIds),
      observer: parts.rechecks,
    });
  }

  /**
   * Resolves when the call has been answered, or the connection to the caller was cut in mid-answer.
   * @throws CallDenied when it was refused: nothing was sent to the destination, and the event of it is durable
   * @throws CallFailed when the destination gave no response that may be passed on; nothing was answered yet
   */
  async call(
    incoming: IncomingCall,
    response: CallerResponse,
    context: CallContext,
  ): Promise<void> {
    const attempt = new CallAttempt(incoming, context);
    let call: ActiveCall | undefined;
    try {
      const request = canonicalRequest(incoming, this.#exceptionsOf); // 1
      attempt.resource = request.resourceId;
      const presented = this.#presented(request, incoming); // 2
      const handle = await this.#handles.check(presented.handle, attempt);
      await this.#keys.assertHeld(handle, { presented, incoming, context }); // 3
      const protocol = askedProtocol(incoming, context);
      const judged = { request: judgedAs(request, protocol), protocol };
      const resource = this.parts.resources.get(request.resourceId);
      const permitted = permitCall(judged, resource, handle, presented); // 4
      this.parts.restrictions?.assertWithinBytes(handle);
      const announced = announcedBody(incoming.rawHeaders);
      refuseTooLarge(announced, permitted.resource.limits.requestBytesMax);
      call = await this.#start(permitted, { attempt, presented }); // 5
      const received = { incoming, announced };
      if (this.#credentials.isManaged(permitted.resource)) {
        await this.#forwarder.hold(call, received);
      }
      const credential = await this.#credentials.current({ call, response }); // 6
      const switching = this.#switching(permitted, context);
      const ends = { ...received, response, switching };
      const relay = await this.#forwarder.forward(call, credential, ends); // 7, 8
      await this.#relayed(call, relay); // 9
    } catch (error) {
      call?.endedBy(error);
      throw await this.#refusal(error, attempt);
    } finally {
      if (call !== undefined) this.#finish(call); // 10
    }
  }

  /** Leaves the event of a request that was turned away before it was read as a call. @throws DependencyUnavailable */
  turnedAway(denied: CallDenied, context: CallContext): Promise<void> {
    return this.#denials.record(denied, new CallAttempt({ rawHeaders: [] }, context));
  }

  /** Asks whether the calls in flight may go on, and cuts those that may not; call it every RECHECK_EVERY_MS. */
  recheck(): void {
    this.#calls.turn();
  }

  /**
   * Handles that match may have ended: nothing that is remembered of them is used any more, and their calls in flight are
   * asked about now. Resolves when those that ended are cut. It need not be true of a handle that matches.
   * @throws DependencyUnavailable: then `recheck` finds them
   */
  async doubt(matches: (handle: Handle) => boolean): Promise<void> {
    this.#reserve.forget(this.parts.remembered?.forget(matches) ?? []);
    await this.#calls.askAbout(matches);
  }

  /** Writes what is summed up, and gives back what is not used; call it about once a second. @throws DependencyUnavailable */
  async tidy(): Promise<void> {
    void this.#credentials.sweep();
    await this.#denials.flushDue();
    await this.#reserve.releaseStale();
  }

  /** Ends all sessions at destinations, as far as that can be done: after the last call, while they can be reached. */
  endSessions(): Promise<void> {
    return this.#credentials.close();
  }

  /** Writes what is left to write. @throws DependencyUnavailable */
  async close(): Promise<void> {
    await this.#denials.close();
    await this.#reserve.close();
    await this.#calls.settled();
    await this.parts.ledger.flush();
  }

  /** Calls in flight of one resource. */
  inFlight(resourceId: string): number {
    return this.#bulkhead.inFlight(resourceId);
  }

  #presented(request: CanonicalRequest, { rawHeaders }: IncomingCall): PresentedHandle {
    const { presentations } = this.parts.resources.get(request.resourceId) ?? {};
    return presentedHandle(request, rawHeaders, presentations);
  }

  /** A session ends with its handle at the latest. */
  #switching({ handle, protocol }: PermittedCall, { upgrade }: CallContext): Switching | undefined {
    if (protocol === undefined || upgrade === undefined) return undefined;
    const lifeMs = handle.expiresAt.getTime() - this.parts.clock.now().getTime();
    return { answer: upgrade, lifeMs };
  }

  /** From here on the call is counted, and will be finished whatever happens. */
  async #start(permitted: PermittedCall, { attempt, presented }: Arrival): Promise<ActiveCall> {
    const { handle, operation, request, resource } = permitted;
    const start = {
      callId: randomId('call'),
      handleId: handle.id,
      resource: resource.id,
      routeTemplate: operation.template,
      method: request.method,
      startedAt: this.parts.clock.now(),
      correlationId: attempt.context.correlationId,
    };
    const call = new ActiveCall(permitted, start, attempt.client);
    const firstUse = this.#firstUses.isTold(handle)
      ? undefined
      : (): FirstUse => this.#firstUses.event({ handle, presented, start, attempt });
    this.#bulkhead.enter(permitted);
    this.#calls.enter(call);
    try {
      const counted = this.#count(resource, start, firstUse);
      if (typeof counted === 'string') this.#calls.countedInMemory(call);
      requireStarted(await counted);
      if (firstUse !== undefined) this.#firstUses.told(handle);
    } catch (error) {
      this.#leave(call);
      throw uncounted(error);
    }
    return call;
  }

  #leave(call: ActiveCall): void {
    this.#calls.leave(call);
    this.#bulkhead.leave(call.permitted);
  }

  /** Nothing that was kept for them is used any more. */
  #ended(handleIds: ReadonlySet<string>): void {
    this.parts.remembered?.forget(({ id }) => handleIds.has(id));
    this.#reserve.forget(handleIds);
    void this.#credentials.endSessionsOf(handleIds);
  }

  /** Buffered: counted in memory, and recorded when it ends; a crash loses the records of what was under way. */
  #count(
    { audit }: ProxiedResource,
    start: CallStart,
    firstUse: (() => FirstUse) | undefined,
  ): StartOutcome | Promise<StartOutcome> {
    if (audit === 'strict') {
      const told = firstUse === undefined ? start : { ...start, firstUse: firstUse() };
      return this.parts.ledger.start(told);
    }
    requireRoom(this.parts.ledger);
    return this.#reserve.start(start.handleId, firstUse);
  }

  async #relayed(call: ActiveCall, relay: ResponseRelay): Promise<void> {
    const { outcome, failure } = await relay.ended;
    if (failure !== undefined) throw failure;
    call.outcome = outcome;
  }

  #finish(call: ActiveCall): void {
    call.body?.destroy(); // However the call ended, nobody reads it any more.
    this.#leave(call);
    this.#credentials.managed?.left(call);
    this.parts.restrictions?.cameBack(call.start.handleId, call.relay?.bytesOut ?? 0);
    const event = call.completed(this.parts.events, this.parts.clock.now());
    this.parts.ledger.finish({ callId: call.start.callId, event });
  }

  /** What the caller is told, after its event is durable. */
  async #refusal(error: unknown, attempt: CallAttempt): Promise<PosternError> {
    if (error instanceof CallFailed) return error;
    const found = deniedBecause(error);
    const denied = this.parts.restrictions?.refused(found, attempt) ?? found;
    denied.presentations = this.parts.resources.get(attempt.resource ?? '')?.presentations ?? [];
    try {
      await this.#denials.record(denied, attempt);
    } catch (cause) {
      return unrecorded(cause);
    }
    return denied;
  }
}
