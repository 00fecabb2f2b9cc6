import { type Clock } from '#kernel';
import { type CallLimits } from './proxied-resource.js';
import {
  Upstream,
  type UpstreamController,
  type UpstreamRequest,
  type UpstreamResponseSink,
} from './upstream.js';

/** The last exchange: how it was answered, or why it was not. Both undefined while it goes on. */
export interface LastExchange {
  readonly method: string;
  status: number | undefined;
  failure: string | undefined;
}

/** An upstream that gives no exchange longer than up to a given time, and remembers how the last one ended. */
export class TrialUpstream extends Upstream {
  last: LastExchange | undefined;

  constructor(
    private readonly upstream: Upstream,
    private readonly clock: Clock,
    private readonly endBy: Date,
  ) {
    super();
  }

  override send(request: UpstreamRequest, sink: UpstreamResponseSink): UpstreamController {
    const last: LastExchange = { method: request.method, status: undefined, failure: undefined };
    this.last = last;
    const { resource } = request;
    const limits = this.#shortened(resource.limits);
    return this.upstream.send(
      { ...request, resource: { ...resource, limits } },
      {
        onHead: (status, statusText, rawHeaders) => {
          last.status = status;
          sink.onHead(status, statusText, rawHeaders);
        },
        onData: (chunk) => sink.onData(chunk),
        onEnd: (rawTrailers) => {
          sink.onEnd(rawTrailers);
        },
        onError: (error) => {
          last.failure = error.condition;
          sink.onError(error);
        },
      },
    );
  }

  override close(deadlineMs: number): Promise<void> {
    return this.upstream.close(deadlineMs);
  }

  #shortened(limits: CallLimits): CallLimits {
    const leftMs = Math.max(1, this.endBy.getTime() - this.clock.now().getTime());
    return {
      ...limits,
      totalTimeoutMs: Math.min(limits.totalTimeoutMs, leftMs),
      connectTimeoutMs: Math.min(limits.connectTimeoutMs, leftMs),
    };
  }
}
