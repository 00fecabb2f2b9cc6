import {
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { Http2Exchange } from './http2-exchange.js';
import { Http2Pool } from './http2-pool.js';
import { VersionedPools } from './versioned-pools.js';

/** Destinations over HTTP/2 and TLS by `node:http2`: no redirects, no retries, no decoding, one request a stream. */
export class Http2Upstream extends Upstream {
  readonly #pools = new VersionedPools((request) => new Http2Pool(request));

  override send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    const exchange = new Http2Exchange(request, sink);
    exchange.begin(this.#pools.of(request));
    return exchange;
  }

  override close(deadlineMs: number): Promise<void> {
    return this.#pools.close(deadlineMs);
  }
}
