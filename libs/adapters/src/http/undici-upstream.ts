import {
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { DestinationPools } from './destination-pools.js';
import { UpstreamExchange } from './upstream-exchange.js';

/** Destinations over HTTP/1.1 by undici's dispatcher: no redirects, no retries, no decoding, one request a connection. */
export class UndiciUpstream extends Upstream {
  readonly #pools = new DestinationPools();

  override send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    const exchange = new UpstreamExchange(request, sink);
    exchange.begin(this.#pools.of(request));
    return exchange;
  }

  override close(deadlineMs: number): Promise<void> {
    return this.#pools.close(deadlineMs);
  }
}
