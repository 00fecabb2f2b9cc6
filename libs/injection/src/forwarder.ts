import { type ActiveCall } from './active-call.js';
import { CallFailed } from './call-failed.js';
import { unusable } from './credential-step.js';
import { type CallerResponse, type IncomingCall } from './incoming-call.js';
import { type AnswerHead, type Injector, type OutgoingDraft } from './injectors/injector.js';
import { type HeldSession, type PreparedCredential } from './injectors/prepared-credential.js';
import { finished, outgoingDraft, type OutgoingParts } from './outgoing-request.js';
import { askedResponse } from './relay/asked-response.js';
import { HELD_BODY_BYTES_MAX, heldBody, RESENT_BODY_BYTES_MAX } from './relay/held-body.js';
import { ResponseRelay } from './relay/response-relay.js';
import { SecondAttempt } from './relay/second-attempt.js';
import { type Switching } from './relay/switched.js';
import { watched } from './relay/watched-answer.js';
import { type AnnouncedBody, bodyOf, refuseTooLarge } from './request-body.js';
import {
  type Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from './upstream.js';

/** A call at both of its ends. */
export interface CallEnds {
  readonly incoming: IncomingCall;
  /** What its headers say of its body; it is no larger than the resource takes. */
  readonly announced: AnnouncedBody;
  readonly response: CallerResponse;
  /** Where a WebSocket was asked for. */
  readonly switching?: Switching | undefined;
}

type Sending = OutgoingParts;

/** Steps 7 and 8: puts the secret on, and sends. */
export class Forwarder {
  constructor(private readonly upstream: Upstream) {}

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
    const held = isHeld(ends.announced, credential);
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
    const asked = askedResponse(incoming);
    const { resource } = call.permitted;
    const relay = new ResponseRelay({
      resource,
      credential,
      asked,
      body: sending.body,
      response,
      switching,
    });
    call.relay = relay;
    relay.attach(this.#send(sending, { injector, draft, outgoing }, relay));
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

  #send(sending: Sending, first: Attempt, relay: ResponseRelay): UpstreamController {
    const { injector, draft } = first;
    const { session } = sending.credential;
    const send =
      (attempt: Attempt) =>
      (sink: UpstreamResponseSink): UpstreamController =>
        this.upstream.send(attempt.outgoing, sink);
    if (injector.answered === undefined && session === undefined) return send(first)(relay);
    const sendWith = (next: Injector): ReturnType<typeof send> => {
      const fresh = outgoingDraft(sending, next);
      if (put(next, fresh) !== undefined) throw new Error('a second attempt waits for nothing');
      const attempt = { injector: next, draft: fresh, outgoing: finished(sending, fresh) };
      return (sink) => send(attempt)(watched(sink, next));
    };
    return new SecondAttempt({
      sink: relay,
      again: (status, rawHeaders) => {
        const answer = { status, rawHeaders };
        if (session !== undefined) return renewing(session, { answer, sending, relay, sendWith });
        const next = injector.answered?.(answer, draft);
        return next === undefined ? undefined : sendWith(next);
      },
    }).begin(send(first));
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
  const { requestBytesMax, idleTimeoutMs: idleMs } = permitted.resource.limits;
  const bytesMax = Math.min(requestBytesMax, HELD_BODY_BYTES_MAX);
  refuseTooLarge(announced, bytesMax);
  const body = bodyOf(incoming, announced, { bytesMax, idleMs });
  call.body = body;
  const bytes = body === undefined ? undefined : await heldBody(body);
  const { rawHeaders } = incoming;
  return { permitted, rawHeaders, credential, body: undefined, heldBody: bytes };
}

interface Renewing {
  readonly answer: AnswerHead;
  readonly sending: Sending;
  readonly relay: ResponseRelay;
  readonly sendWith: (next: Injector) => SendAgain;
}

type SendAgain = (sink: UpstreamResponseSink) => UpstreamController;

/** An answer that ended the session has another one opened, and the request sent with that if its body is still there. */
function renewing(session: HeldSession, parts: Renewing): Promise<SendAgain> | undefined {
  const { answer, sending, relay, sendWith } = parts;
  if (!session.endedBy(answer) || sending.body !== undefined) return undefined;
  return session.renewed().then((renewed) => {
    relay.expect(renewed);
    return sendWith(renewed.injector);
  });
}

/** Held for the injector; or, when it is small, so that it can be sent again with another session. */
const isHeld = (
  { present, bytes }: AnnouncedBody,
  { injector, session }: PreparedCredential,
): boolean =>
  present &&
  (injector.holdsBody === true ||
    (session !== undefined && bytes !== undefined && bytes <= RESENT_BODY_BYTES_MAX));

interface Attempt {
  readonly injector: Injector;
  readonly draft: OutgoingDraft;
  readonly outgoing: UpstreamRequest;
}

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
  throw new CallFailed('caller-gone', 'client_abort', 'the caller went away before the call');
}
