import { type Duplex } from 'node:stream';
import { type CallOutcome } from '#events';
import { CallFailed, failureOf } from '../call-failed.js';
import { type CallerResponse } from '../incoming-call.js';
import { type AnswerHead } from '../injectors/injector.js';
import { type ProxiedResource } from '../proxied-resource.js';
import { type TermSearch } from '../scrub/term-matcher.js';
import {
  type UpstreamController,
  type UpstreamFailed,
  type UpstreamResponseSink,
} from '../upstream.js';
import { BodyDecoder, type DecodedBodySink } from './body-decoder.js';
import { responseTooLarge } from './body-filter.js';
import { type CallBody } from './call-body.js';
import { callerTrailers } from './caller-trailers.js';
import { callerHead } from './response-head.js';
import { type AskedResponse, planResponse, type ResponsePlan } from './response-plan.js';
import { switched, type Switching } from './switched.js';
import { type WebSocketSession } from './websocket-session.js';

/** What must not come back. */
export interface Scrubbing {
  /** Undefined: nothing is scrubbed. */
  readonly matcher: TermSearch | undefined;
  readonly session?: AnsweredSession | undefined;
}

/** Takes what is of the session out of the head of an answer, after which the matcher may be another. */
export interface AnsweredSession {
  readonly keep?: ((answer: AnswerHead) => readonly Buffer[]) | undefined;
}

export interface RelayParts {
  readonly resource: ProxiedResource;
  readonly credential: Scrubbing;
  readonly asked: AskedResponse;
  readonly body: CallBody | undefined;
  readonly response: CallerResponse;
  /** Where a WebSocket was asked for. */
  readonly switching: Switching | undefined;
}

/** How the relay of a response ended. `failure` is there when nothing of it was answered yet. */
export interface RelayEnd {
  readonly outcome: CallOutcome;
  readonly failure: CallFailed | undefined;
}

/**
 * Streams one response from the destination to the caller, scrubbed, with back-pressure. Whatever goes wrong before the
 * head was written is a failure to answer; after that the connection to the caller is cut, so that a part is never taken
 * for the whole.
 */
export class ResponseRelay implements UpstreamResponseSink, DecodedBodySink {
  #controller: UpstreamController | undefined;
  #plan: ResponsePlan | undefined;
  #decoder: BodyDecoder | undefined;
  /** There when the destination has said all. */
  #trailers: readonly Buffer[] | undefined;
  #bytesIn = 0;
  #bytesOut = 0;
  #hits = 0;
  #status: number | undefined;
  #credential: Scrubbing;
  #session: WebSocketSession | undefined;
  #end: RelayEnd | undefined;
  #settle: (end: RelayEnd) => void = () => undefined;

  readonly ended = new Promise<RelayEnd>((resolve) => {
    this.#settle = resolve;
  });

  constructor(private readonly parts: RelayParts) {
    this.#credential = parts.credential;
    parts.response.on('close', this.#onCallerClosed).on('drain', this.#onCallerDrained);
  }

  get status(): number | undefined {
    return this.#status;
  }

  get bytesOut(): number {
    return this.#bytesOut + (this.#session?.bytesOut ?? 0);
  }

  /** Of a WebSocket, from the caller. */
  get sessionBytesIn(): number {
    return this.#session?.bytesIn ?? 0;
  }

  get hits(): number {
    return this.#hits + (this.#plan?.filter.hits ?? 0) + (this.#session?.hits ?? 0);
  }

  /** Where to pause, resume and abort. */
  attach(controller: UpstreamController): void {
    this.#controller = controller;
    if (this.#end !== undefined) controller.abort(new Error('the call ended before it was sent'));
  }

  /** Ends it from outside, as if the destination had failed; a WebSocket is closed. */
  cut(failure: CallFailed): void {
    if (this.#session === undefined) this.fail(failure);
    else this.#session.cut(failure.outcome);
  }

  /** Before the head: the answer is to a request with another credential. */
  expect(credential: Scrubbing): void {
    this.#credential = credential;
  }

  onHead(status: number, statusText: string, received: readonly Buffer[]): void {
    this.guarded(() => {
      const { resource, asked, body } = this.parts;
      body?.answered();
      const rawHeaders = this.passedOn({ status, rawHeaders: received });
      const { matcher } = this.#credential;
      this.#status = status;
      const head = callerHead({ status, statusText, rawHeaders }, resource, matcher);
      this.#hits = head.hits;
      this.#plan = planResponse(head, { resource, matcher, asked });
      if (this.#plan.codings.length > 0) this.#decoder = this.decoderOf(this.#plan.codings);
      if (!this.#plan.held) this.writeHead(this.#plan.head.headers);
    });
  }

  onUpgrade(received: readonly Buffer[], destination: Duplex): void {
    this.guarded(() => {
      const { resource, response, switching } = this.parts;
      if (switching === undefined) throw new TypeError('an upgrade that nobody asked for');
      const rawHeaders = this.passedOn({ status: 101, rawHeaders: received });
      const { matcher } = this.#credential;
      this.#status = 101;
      response.off('close', this.#onCallerClosed).off('drain', this.#onCallerDrained);
      const { hits, session } = switched(
        { ...switching, resource, matcher },
        { rawHeaders, destination },
      );
      this.#hits = hits;
      this.#session = session;
      void session.ended.then((outcome) => {
        this.conclude({ outcome, failure: undefined });
      });
    });
    if (this.#session === undefined) destination.destroy();
  }

  onData(chunk: Buffer): boolean {
    if (this.#end !== undefined) return true;
    return this.#decoder === undefined ? this.onDecoded(chunk) : this.#decoder.write(chunk);
  }

  onEnd(rawTrailers: readonly Buffer[]): void {
    if (this.#end !== undefined) return;
    this.#trailers = rawTrailers;
    if (this.#decoder === undefined) this.onDecodedEnd();
    else this.#decoder.end();
  }

  onError(error: UpstreamFailed): void {
    const refused = this.parts.body?.errored;
    this.fail(refused instanceof CallFailed ? refused : failureOf(error));
  }

  onDecoded(chunk: Buffer): boolean {
    let writable = true;
    this.guarded(() => {
      const { filter } = this.planned();
      const { responseBytesMax } = this.parts.resource.limits;
      this.#bytesIn += chunk.length;
      if (this.#bytesIn > responseBytesMax) throw responseTooLarge(responseBytesMax);
      writable = this.write(filter.push(chunk));
      if (filter.complete) this.finish();
    });
    return writable;
  }

  onDecodedEnd(): void {
    this.guarded(() => {
      const { filter, held, head } = this.planned();
      const rest = filter.end();
      if (held) this.writeHead(withLength(head.headers, rest.length));
      this.write(rest);
      this.addTrailers();
      this.finish();
    });
  }

  onDecodeError(): void {
    this.fail(
      new CallFailed(
        'unscrubbable-encoding',
        'response_cut',
        'the response is not in the coding that it names',
      ),
    );
  }

  onWritable(): void {
    this.#controller?.resume();
  }

  private passedOn(answer: AnswerHead): readonly Buffer[] {
    return this.#credential.session?.keep?.(answer) ?? answer.rawHeaders;
  }

  private decoderOf(codings: readonly string[]): BodyDecoder {
    const decoder = BodyDecoder.of(codings, this);
    if (decoder !== undefined) return decoder;
    throw new CallFailed(
      'unscrubbable-encoding',
      'response_cut',
      'the response came in a content coding that cannot be decoded here; identity was asked for',
    );
  }

  private planned(): ResponsePlan {
    if (this.#plan === undefined) throw new TypeError('a body before its head');
    return this.#plan;
  }

  private writeHead(headers: string[]): void {
    const { status, statusText } = this.planned().head;
    this.parts.response.writeHead(status, statusText, headers);
  }

  private write(chunk: Buffer): boolean {
    if (chunk.length === 0) return true;
    this.#bytesOut += chunk.length;
    return this.parts.response.write(chunk);
  }

  private addTrailers(): void {
    if (this.#trailers === undefined || this.#trailers.length === 0) return;
    const { trailers, hits } = callerTrailers(this.#trailers, this.#credential.matcher);
    this.#hits += hits;
    if (trailers.length > 0) this.parts.response.addTrailers(trailers);
  }

  private finish(): void {
    this.parts.response.end();
    const failed = (this.#status ?? 0) >= 500;
    this.conclude({ outcome: failed ? 'upstream_error' : 'ok', failure: undefined });
    // Of a range, and behind the end of a compressed body, more may follow that nobody takes.
    if (this.#trailers === undefined) this.#controller?.abort(new Error('all is there'));
  }

  /** What must not happen between the destination and the caller ends the call, and never the process. */
  private guarded(step: () => void): void {
    if (this.#end !== undefined) return;
    try {
      step();
    } catch (error) {
      this.fail(error instanceof CallFailed ? error : unpassable(error));
    }
  }

  private fail(failure: CallFailed): void {
    if (this.#end !== undefined) return;
    const { response } = this.parts;
    const answered = response.headersSent;
    this.conclude({ outcome: failure.outcome, failure: answered ? undefined : failure });
    this.#controller?.abort(failure);
    if (answered) response.destroy();
  }

  private conclude(end: RelayEnd): void {
    this.#end = end;
    this.#decoder?.destroy();
    this.parts.response.off('close', this.#onCallerClosed).off('drain', this.#onCallerDrained);
    this.#settle(end);
  }

  readonly #onCallerClosed = (): void => {
    this.fail(new CallFailed('caller-gone', 'client_abort', 'the caller went away'));
  };

  readonly #onCallerDrained = (): void => {
    if (this.#decoder === undefined) this.#controller?.resume();
    else this.#decoder.resume();
  };
}

const unpassable = (cause: unknown): CallFailed => {
  const what = 'the response cannot be passed on as HTTP';
  return new CallFailed('upstream-failed', 'upstream_error', what, { cause });
};

const withLength = (headers: readonly string[], length: number): string[] => {
  const kept = headers.flatMap((text, index) =>
    index % 2 === 0 && text.toLowerCase() !== 'content-length'
      ? [text, headers[index + 1] ?? '']
      : [],
  );
  return [...kept, 'content-length', String(length)];
};
