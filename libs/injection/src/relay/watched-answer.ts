import { type Injector } from '../injectors/injector.js';
import { type UpstreamResponseSink } from '../upstream.js';

/** The sink of a second attempt, whose injector may want to know what came of it. */
export function watched(
  sink: UpstreamResponseSink,
  injector: Pick<Injector, 'concluded'>,
): UpstreamResponseSink {
  if (injector.concluded === undefined) return sink;
  return {
    onHead: (status, statusText, rawHeaders) => {
      injector.concluded?.({ status, rawHeaders });
      sink.onHead(status, statusText, rawHeaders);
    },
    onUpgrade: (rawHeaders, destination) => {
      injector.concluded?.({ status: 101, rawHeaders });
      sink.onUpgrade?.(rawHeaders, destination);
    },
    onData: (chunk) => sink.onData(chunk),
    onEnd: (rawTrailers) => {
      sink.onEnd(rawTrailers);
    },
    onError: (error) => {
      sink.onError(error);
    },
  };
}
