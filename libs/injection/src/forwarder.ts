import { type ActiveCall } from './active-call.js';
import { CallFailed } from './call-failed.js';
import { unusable } from './credential-step.js';
import { type CallerResponse, type IncomingCall } from './incoming-call.js';
import { type Injector, type OutgoingDraft } from './injectors/injector.js';
import { type PreparedCredential } from './injectors/prepared-credential.js';
import {
  injected,
  outgoingDraft,
  type OutgoingHead,
  type OutgoingParts,
} from './outgoing-request.js';
import { askedResponse } from './relay/asked-response.js';
import { type CallBody } from './relay/call-body.js';
import { HELD_BODY_BYTES_MAX, heldBody } from './relay/held-body.js';
import { ResponseRelay } from './relay/response-relay.js';
import { SecondAttempt } from './relay/second-attempt.js';
import { announcedBody, bodyOf, refuseTooLarge } from './request-body.js';
import { type Upstream, type UpstreamController, type UpstreamResponseSink } from './upstream.js';

/** A call at both of its ends. */
export interface CallEnds {
  readonly incoming: IncomingCall;
  readonly response: CallerResponse;
}

interface Sending extends OutgoingParts {
  readonly call: ActiveCall;
  /** Streamed; undefined where it is held, and where there is none. */
  readonly body: CallBody | undefined;
}

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
    if (ends.response.destroyed) {
      throw new CallFailed('caller-gone', 'client_abort', 'the caller went away before the call');
    }
    const sending = await this.#sending(call, credential, ends);
    const { injector, matcher } = credential;
    const draft = outgoingDraft(sending, injector);
    const outgoing = put(sending, injector, draft);
    const { incoming, response } = ends;
    const asked = askedResponse(incoming);
    const { resource } = call.permitted;
    const relay = new ResponseRelay({ resource, matcher, asked, body: sending.body, response });
    call.relay = relay;
    relay.attach(this.#send(sending, { injector, draft, outgoing }, relay));
    return relay;
  }

  async #sending(
    call: ActiveCall,
    credential: PreparedCredential,
    { incoming, response }: CallEnds,
  ): Promise<Sending> {
    const { rawHeaders } = incoming;
    const { permitted } = call;
    const announced = announcedBody(rawHeaders);
    const holds = announced.present && credential.injector.holdsBody === true;
    const { requestBytesMax } = permitted.resource.limits;
    const bytesMax = holds ? Math.min(requestBytesMax, HELD_BODY_BYTES_MAX) : requestBytesMax;
    refuseTooLarge(announced, bytesMax);
    const body = bodyOf(incoming, announced, bytesMax);
    call.body = body;
    if (announced.expected && body !== undefined) response.writeContinue();
    const parts = { call, permitted, rawHeaders, credential };
    return holds && body !== undefined
      ? { ...parts, body: undefined, heldBody: await heldBody(body) }
      : { ...parts, body, heldBody: undefined };
  }

  #send(sending: Sending, first: Attempt, relay: ResponseRelay): UpstreamController {
    const { injector, draft } = first;
    const send =
      (attempt: Attempt) =>
      (sink: UpstreamResponseSink): UpstreamController =>
        this.upstream.send({ ...attempt.outgoing, body: attempt.draft.body ?? sending.body }, sink);
    if (injector.answered === undefined) return send(first)(relay);
    return new SecondAttempt({
      sink: relay,
      again: (status, rawHeaders) => {
        const next = injector.answered?.({ status, rawHeaders }, draft);
        if (next === undefined) return undefined;
        const fresh = outgoingDraft(sending, next);
        return send({ injector: next, draft: fresh, outgoing: put(sending, next, fresh) });
      },
    }).begin(send(first));
  }
}

interface Attempt {
  readonly injector: Injector;
  readonly draft: OutgoingDraft;
  readonly outgoing: OutgoingHead;
}

/** @throws CallDenied */
function put(parts: OutgoingParts, injector: Injector, draft: OutgoingDraft): OutgoingHead {
  try {
    return injected(parts, injector, draft);
  } catch (error) {
    throw unusable(error);
  }
}
