import { type ActiveCall } from './active-call.js';
import { Attempts } from './attempts.js';
import { unusable } from './credential-step.js';
import { type CallerResponse, type IncomingCall } from './incoming-call.js';
import { holdsBody } from './injectors/holds-body.js';
import { type Injector, type OutgoingDraft } from './injectors/injector.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import { callerGone, type ManagedCalls } from './managed-calls.js';
import { finished, outgoingDraft, type OutgoingParts } from './outgoing-request.js';
import { askedResponse } from './relay/asked-response.js';
import { HELD_BODY_BYTES_MAX, heldBody, RESENT_BODY_BYTES_MAX } from './relay/held-body.js';
import { ResponseRelay } from './relay/response-relay.js';
import { type Switching } from './relay/switched.js';
import { type AnnouncedBody, bodyOf, refuseTooLarge } from './request-body.js';
import { type Upstream } from './upstream.js';

/** A call where it comes from. */
interface ReceivedCall {
  readonly incoming: IncomingCall;
  /** What its headers say of its body; it is no larger than the resource takes. */
  readonly announced: AnnouncedBody;
}

/** A call at both of its ends. */
export interface CallEnds extends ReceivedCall {
  readonly response: CallerResponse;
  /** Where a WebSocket was asked for. */
  readonly switching?: Switching | undefined;
}

type Sending = OutgoingParts;

/** Steps 7 and 8: puts the secret on, and sends. */
export class Forwarder {
  readonly #attempts: Attempts;

  constructor(
    upstream: Upstream,
    /** Undefined: no credential is managed. */
    managed: ManagedCalls | undefined,
  ) {
    this.#attempts = new Attempts(upstream, managed);
  }

  /**
   * Reads the body of a call whose credential is managed, where it is held, before the call is admitted: one that was
   * admitted keeps a rotation waiting until it is answered, and how long that takes is not for its caller to say.
   * @throws CallDenied, CallFailed for a body that cannot be held
   */
  async hold(call: ActiveCall, { incoming, announced }: ReceivedCall): Promise<void> {
    const { injection } = call.permitted.resource;
    if (announced.present && (holdsBody(injection) || isSmall(announced))) {
      await readWhole(call, incoming, announced);
    }
  }

  /**
   * Resolves when the request is on its way.
   * @throws CallDenied when the secret cannot be put on; CallFailed for a body that cannot be held
   */
  async forward(
    call: ActiveCall,
    credential: PreparedCredential,
    ends: CallEnds,
  ): Promise<ResponseRelay> {
    call.credentialVersion = credential.version;
    refuseOver(call, ends);
    const held = isHeld(ends.announced, credential, call);
    const sending = held
      ? await holding(call, credential, ends)
      : streaming(call, credential, ends);
    const { injector } = credential;
    const draft = outgoingDraft(sending, injector);
    const putting = put(injector, draft);
    if (putting !== undefined) await this.#afterWaiting(putting, sending);
    refuseOver(call, ends); // Holding a body, and putting, may have taken their time.
    const outgoing = finished(sending, draft);
    const { incoming, response, switching } = ends;
    const relay = new ResponseRelay({
      resource: call.permitted.resource,
      ...{ credential, asked: askedResponse(incoming), body: sending.body, response, switching },
    });
    call.relay = relay;
    relay.attach(this.#attempts.begin({ call, sending, relay, response }, { draft, outgoing }));
    return relay;
  }

  /** While an injector takes its time nobody reads the body, and the caller may go away. */
  async #afterWaiting(putting: Promise<void>, { body }: Sending): Promise<void> {
    try {
      await putting;
    } catch (error) {
      throw unusable(error);
    }
    if (body !== undefined && body.errored !== null) throw body.errored;
  }
}

/** A body is passed on while it arrives. */
function streaming(
  call: ActiveCall,
  credential: PreparedCredential,
  { incoming, announced }: CallEnds,
): Sending {
  const { permitted } = call;
  const { requestBytesMax: bytesMax, idleTimeoutMs: idleMs } = permitted.resource.limits;
  const body = bodyOf(incoming, announced, { bytesMax, idleMs });
  call.body = body;
  return { permitted, rawHeaders: incoming.rawHeaders, credential, body, heldBody: undefined };
}

/** A body is read to its end before anything is sent. */
async function holding(
  call: ActiveCall,
  credential: PreparedCredential,
  { incoming, announced }: CallEnds,
): Promise<Sending> {
  const { permitted } = call;
  if (call.heldBody === undefined) await readWhole(call, incoming, announced);
  const { rawHeaders } = incoming;
  return { permitted, rawHeaders, credential, body: undefined, heldBody: call.heldBody };
}

/** @throws CallDenied, CallFailed */
async function readWhole(
  call: ActiveCall,
  incoming: IncomingCall,
  announced: AnnouncedBody,
): Promise<void> {
  const { requestBytesMax, idleTimeoutMs: idleMs, totalTimeoutMs } = call.permitted.resource.limits;
  const bytesMax = Math.min(requestBytesMax, HELD_BODY_BYTES_MAX);
  refuseTooLarge(announced, bytesMax);
  const body = bodyOf(incoming, announced, { bytesMax, idleMs });
  call.body = body;
  if (body !== undefined) call.heldBody = await heldBody(body, totalTimeoutMs);
}

/** Held for the injector; or, when it is small, so that it can be sent again with another session or version. */
const isHeld = (
  announced: AnnouncedBody,
  { injector, session }: PreparedCredential,
  { use, heldBody: bytes }: ActiveCall,
): boolean =>
  bytes !== undefined ||
  (announced.present &&
    (injector.holdsBody === true ||
      ((session !== undefined || use !== undefined) && isSmall(announced))));

const isSmall = ({ bytes }: AnnouncedBody): boolean =>
  bytes !== undefined && bytes <= RESENT_BODY_BYTES_MAX;

/** A promise when the injector needs time. @throws CallDenied */
function put(injector: Injector, draft: OutgoingDraft): Promise<void> | undefined {
  try {
    return injector.inject(draft) ?? undefined;
  } catch (error) {
    throw unusable(error);
  }
}

/** @throws CallFailed when it was cut, or nobody waits for its answer */
function refuseOver({ cutBy }: ActiveCall, { response }: CallEnds): void {
  if (cutBy !== undefined) throw cutBy;
  if (!response.destroyed) return;
  throw callerGone();
}
