import {
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from '#injection';
import { Http2Upstream } from './http2-upstream.js';
import { UndiciUpstream } from './undici-upstream.js';

/** Destinations by the protocol that their registration says: HTTP/2 where it does, else HTTP/1.1. Never negotiated. */
export class DestinationUpstream extends Upstream {
  readonly #http1 = new UndiciUpstream();
  readonly #http2 = new Http2Upstream();

  override send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    const upstream = request.resource.tls?.http2 === true ? this.#http2 : this.#http1;
    return upstream.send(request, sink);
  }

  override async close(deadlineMs: number): Promise<void> {
    await Promise.all([this.#http1.close(deadlineMs), this.#http2.close(deadlineMs)]);
  }
}
