import { type Duplex, Readable } from 'node:stream';
import {
  type UpstreamController,
  UpstreamFailed,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { timerDelay } from '#kernel';
import { type Dispatcher, type Pool } from 'undici';
import { unsendable } from './unsendable.js';
import { upstreamFailure } from './upstream-failure.js';

type Controller = Dispatcher.DispatchController;

/** One request and its response. Tells the sink of one end, whichever comes first. */
export class UpstreamExchange implements Dispatcher.DispatchHandler, UpstreamController {
  #controller: Controller | undefined;
  #abortReason: Error | undefined;
  #ended = false;
  /** Runs from the first interim response (1xx) on: undici counts anew with each of them. */
  #headDeadline: NodeJS.Timeout | undefined;
  readonly #deadline: NodeJS.Timeout;

  constructor(
    private readonly request: UpstreamRequest,
    private readonly sink: UpstreamResponseSink,
  ) {
    const { totalTimeoutMs } = request.resource.limits;
    this.#deadline = this.timer(totalTimeoutMs, 'no whole response');
  }

  begin(pool: Pool | undefined): void {
    const { resource, method, path, headers, body, protocol } = this.request;
    const problem = unsendable(pool, path);
    if (pool === undefined || problem !== undefined) {
      this.fail(new UpstreamFailed('protocol', `${resource.destination.origin}: ${problem ?? ''}`));
      return;
    }
    const servername = resource.tls?.serverName;
    const options: Dispatcher.DispatchOptions & { servername?: string } = {
      path,
      method,
      headers: headers as string[],
      body: body ?? null,
      ...(protocol === undefined ? {} : { upgrade: protocol }),
      ...(servername === undefined ? {} : { servername }),
    };
    pool.dispatch(options, this);
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(reason: Error): void {
    if (this.#ended) return;
    this.end();
    this.cut(reason);
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller;
    if (this.#abortReason !== undefined) controller.abort(this.#abortReason);
  }

  onResponseStart(
    controller: Controller,
    status: number,
    _headers: unknown,
    statusText?: string,
  ): void {
    if (this.#ended) return;
    if (status < 200) {
      const { headersTimeoutMs } = this.request.resource.limits;
      this.#headDeadline ??= this.timer(headersTimeoutMs, 'no head of the response');
      return;
    }
    clearTimeout(this.#headDeadline);
    this.sink.onHead(status, octetsOf(statusText ?? ''), buffersOf(controller.rawHeaders));
  }

  /** Undici has let go of the connection: whoever has the sink ends it. */
  onRequestUpgrade(
    controller: Controller,
    status: number,
    _headers: unknown,
    destination: Duplex,
  ): void {
    if (this.#ended || status !== 101 || this.sink.onUpgrade === undefined) {
      destination.on('error', () => undefined).destroy();
      this.fail(new UpstreamFailed('protocol', 'an upgrade that was not asked for'));
      return;
    }
    this.end();
    this.sink.onUpgrade(buffersOf(controller.rawHeaders), destination);
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (this.#ended) return;
    if (!this.sink.onData(chunk)) controller.pause();
  }

  onResponseEnd(controller: Controller): void {
    if (this.#ended) return;
    this.end();
    this.sink.onEnd(buffersOf(controller.rawTrailers));
  }

  onResponseError(_controller: Controller, error: Error): void {
    const { origin } = this.request.resource.destination;
    this.fail(
      (this.stream?.errored ?? null) === null
        ? upstreamFailure(error, origin, this.#controller !== undefined)
        : new UpstreamFailed('aborted', `${origin}: the request body failed`),
    );
  }

  /** Always later: an error of the dispatch itself must not reach the sink before `send` has returned. */
  private fail(error: UpstreamFailed): void {
    if (this.#ended) return;
    this.end();
    this.stream?.destroy();
    queueMicrotask(() => {
      this.sink.onError(error);
    });
  }

  private get stream(): Readable | undefined {
    const { body } = this.request;
    return body instanceof Readable ? body : undefined;
  }

  private end(): void {
    this.#ended = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#headDeadline);
  }

  private cut(reason: Error): void {
    this.#abortReason = reason;
    this.#controller?.abort(reason);
    this.stream?.destroy();
  }

  private timer(ms: number, what: string): NodeJS.Timeout {
    const { origin } = this.request.resource.destination;
    const late = (): void => {
      const error = new UpstreamFailed('timeout', `${origin}: ${what} within ${ms} ms`);
      this.fail(error);
      this.cut(error);
    };
    return setTimeout(late, timerDelay(ms));
  }
}

/** Undici reads the reason phrase as UTF-8: one character a byte again. What was no UTF-8 is lost, and so left out. */
const octetsOf = (statusText: string): string =>
  statusText.includes('\ufffd') ? '' : Buffer.from(statusText, 'utf8').toString('latin1');

/** Undici gives names and values in turn, each as bytes; a name that came several times stands several times. */
const buffersOf = (raw: Controller['rawHeaders']): readonly Buffer[] =>
  Array.isArray(raw) ? (raw as Buffer[]) : [];
