import { type UpstreamFailed, type UpstreamResponseSink } from '../upstream.js';

export interface HeldHead {
  readonly status: number;
  readonly statusText: string;
  readonly rawHeaders: readonly Buffer[];
}

/** The beginning of an answer, kept while it is not known who gets it. Asks for a pause with its first bytes. */
export class HeldAnswer implements Pick<UpstreamResponseSink, 'onData' | 'onEnd' | 'onError'> {
  readonly #chunks: Buffer[] = [];
  #end: ((sink: UpstreamResponseSink) => void) | undefined;

  constructor(private readonly head: HeldHead) {}

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  onData(chunk: Buffer): boolean {
    this.#chunks.push(chunk);
    return false;
  }

  onEnd(rawTrailers: readonly Buffer[]): void {
    this.#end = (sink) => sink.onEnd(rawTrailers);
  }

  onError(error: UpstreamFailed): void {
    this.#end = (sink) => sink.onError(error);
  }

  /** Tells the sink what came. True when it takes more. */
  tell(sink: UpstreamResponseSink): boolean {
    const { status, statusText, rawHeaders } = this.head;
    sink.onHead(status, statusText, rawHeaders);
    let takesMore = true;
    for (const chunk of this.#chunks) takesMore = sink.onData(chunk);
    this.#end?.(sink);
    return takesMore;
  }
}
