import { type UpstreamFailed, type UpstreamResponseSink } from '#injection';

/** Takes a response, and says how it ended. */
export class RecordingSink implements UpstreamResponseSink {
  status: number | undefined;
  statusText = '';
  headers: string[] = [];
  trailers: string[] = [];
  body = '';
  bytes = 0;
  /** What onData answers. */
  ready = true;
  calls: string[] = [];
  #settle: (end: 'ended' | UpstreamFailed) => void = () => undefined;
  readonly end = new Promise<'ended' | UpstreamFailed>((resolve) => {
    this.#settle = resolve;
  });

  onHead(status: number, statusText: string, rawHeaders: readonly Buffer[]): void {
    this.calls.push('head');
    this.status = status;
    this.statusText = statusText;
    this.headers = rawHeaders.map((bytes) => bytes.toString('latin1'));
  }

  onData(chunk: Buffer): boolean {
    this.calls.push('data');
    this.bytes += chunk.length;
    if (this.bytes < 1_000_000) this.body += chunk.toString('latin1');
    return this.ready;
  }

  onEnd(rawTrailers: readonly Buffer[]): void {
    this.calls.push('end');
    this.trailers = rawTrailers.map((bytes) => bytes.toString('latin1'));
    this.#settle('ended');
  }

  onError(error: UpstreamFailed): void {
    this.calls.push('error');
    this.#settle(error);
  }
}
