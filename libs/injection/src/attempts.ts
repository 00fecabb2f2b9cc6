import { type ActiveCall } from './active-call.js';
import { type CallerResponse } from './incoming-call.js';
import { type AnswerHead, type Injector, type OutgoingDraft } from './injectors/injector.js';
import { type HeldSession, type PreparedCredential } from './injectors/prepared-credential.js';
import { type ManagedCall, type ManagedCalls } from './managed-calls.js';
import { finished, outgoingDraft, type OutgoingParts } from './outgoing-request.js';
import { type ResponseRelay } from './relay/response-relay.js';
import { SecondAttempt } from './relay/second-attempt.js';
import { watched } from './relay/watched-answer.js';
import {
  type Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from './upstream.js';

/** A call that is about to be sent, and where its answer goes. */
export interface SentCall extends ManagedCall {
  readonly call: ActiveCall;
  readonly sending: OutgoingParts;
  readonly relay: ResponseRelay;
  readonly response: CallerResponse;
}

/** A request with the secret on it. */
export interface PutOn {
  readonly draft: OutgoingDraft;
  readonly outgoing: UpstreamRequest;
}

type Send = (sink: UpstreamResponseSink) => UpstreamController;

/**
 * Step 8: sends a call, and once more where the first answer does not count, since the session is no more, or the version
 * of the secret is refused. To answer a challenge belongs to an attempt. There is no third one.
 */
export class Attempts {
  constructor(
    private readonly upstream: Upstream,
    private readonly managed: ManagedCalls | undefined,
  ) {}

  begin(sent: SentCall, first: PutOn): UpstreamController {
    const { relay, call, sending } = sent;
    const { session } = sending.credential;
    const send = this.#attempt(sending, first);
    const { managed } = this;
    if (managed !== undefined && call.use !== undefined) return this.#managed(managed, sent, send);
    if (session === undefined) return send(relay);
    return new SecondAttempt({
      sink: relay,
      again: (status, rawHeaders) =>
        isOver(session, { status, rawHeaders }, sending)
          ? session.renewed().then((renewed) => this.#with(renewed, sent))
          : undefined,
    }).begin(send);
  }

  /** With its answer to a challenge, which is sent with the same version of the secret. */
  #attempt(sending: OutgoingParts, { draft, outgoing }: PutOn): Send {
    const { injector } = sending.credential;
    const send = (sink: UpstreamResponseSink): UpstreamController =>
      this.upstream.send(outgoing, sink);
    if (injector.answered === undefined) return send;
    const again = (status: number, rawHeaders: readonly Buffer[]): Send | undefined => {
      const next = injector.answered?.({ status, rawHeaders }, draft);
      return next === undefined ? undefined : this.#challenged(sending, next);
    };
    return (sink) => new SecondAttempt({ sink, again }).begin(send);
  }

  #challenged(sending: OutgoingParts, injector: Injector): Send {
    const draft = outgoingDraft(sending, injector);
    if (injector.inject(draft) !== undefined) {
      throw new TypeError('the answer to a challenge waits for nothing');
    }
    const outgoing = finished(sending, draft);
    return (sink) => this.upstream.send(outgoing, watched(sink, injector));
  }

  /** The credential is managed: the answer that counts says whether it is taken. */
  #managed(managed: ManagedCalls, sent: SentCall, send: Send): UpstreamController {
    const { call, relay } = sent;
    return new SecondAttempt({
      sink: watched(relay, { concluded: () => call.use?.answered() }),
      again: (status, rawHeaders) => this.#again(managed, sent, { status, rawHeaders }),
    }).begin(send);
  }

  #again(
    managed: ManagedCalls,
    sent: SentCall,
    answer: AnswerHead,
  ): Promise<Send | undefined> | undefined {
    const { credential } = sent.sending;
    const { session, version } = credential;
    sent.call.use?.answered();
    if (session !== undefined) {
      if (!isOver(session, answer, sent.sending)) return undefined;
      return managed
        .renewed(sent, { session, version })
        .then((renewed) => this.#with(renewed, sent));
    }
    if (!managed.isRefusal(sent, answer.status)) return undefined;
    if (sent.sending.body === undefined) return this.#afterRefusal(managed, sent, answer);
    managed.gaveUp(sent, answer.status); // What was streamed cannot be sent again.
    return undefined;
  }

  async #afterRefusal(
    managed: ManagedCalls,
    sent: SentCall,
    answer: AnswerHead,
  ): Promise<Send | undefined> {
    const credential = await managed.afterRefusal(sent, answer.status);
    if (credential === undefined) return undefined;
    const send = await this.#with(credential, sent, answer);
    return (sink) =>
      send(watched(sink, { concluded: ({ status }) => managed.concluded(sent, status) }));
  }

  /** The second attempt. `challenge`: the answer to the first, which may hold one. */
  async #with(
    credential: PreparedCredential,
    { call, relay, sending: first }: SentCall,
    challenge?: AnswerHead,
  ): Promise<Send> {
    const sending = { ...first, credential };
    const send =
      credential.injector.answered === undefined || challenge === undefined
        ? await this.#putOn(sending)
        : this.#answering(sending, challenge);
    call.credentialVersion = credential.version;
    relay.expect(credential.sentAfter(first.credential));
    return send;
  }

  async #putOn(sending: OutgoingParts): Promise<Send> {
    const { injector } = sending.credential;
    const draft = outgoingDraft(sending, injector);
    await injector.inject(draft);
    return this.#attempt(sending, { draft, outgoing: finished(sending, draft) });
  }

  /** The answer that refused one version challenges the other one as well. */
  #answering(sending: OutgoingParts, challenge: AnswerHead): Send {
    const { injector } = sending.credential;
    const next = injector.answered?.(challenge, outgoingDraft(sending, injector));
    if (next === undefined) throw new TypeError('a refusal without a challenge');
    return this.#challenged(sending, next);
  }
}

/** Whether the answer ended the session, and the call can be sent with another one. */
const isOver = (session: HeldSession, answer: AnswerHead, { body }: OutgoingParts): boolean =>
  session.endedBy(answer) && body === undefined;
