import {
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { destinationPool } from './destination-pool.js';
import { UpstreamExchange } from './upstream-exchange.js';
import { VersionedPools } from './versioned-pools.js';

/** Destinations over HTTP/1.1 by undici's dispatcher: no redirects, no retries, no decoding, one request a connection. */
export class UndiciUpstream extends Upstream {
  readonly #pools = new VersionedPools(destinationPool);

  override send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    const exchange = new UpstreamExchange(request, sink);
    exchange.begin(this.#pools.of(request));
    return exchange;
  }

  override close(deadlineMs: number): Promise<void> {
    return this.#pools.close(deadlineMs);
  }
}
