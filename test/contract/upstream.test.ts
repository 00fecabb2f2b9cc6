import { DestinationUpstream, Http2Upstream, UndiciUpstream } from '#adapters/http';
import { http1Server, http2Server, upstreamContract } from '#testing';

describe('undici', () => {
  upstreamContract({
    make: () => new UndiciUpstream(),
    start: http1Server,
    protocol: 'HTTP/1.1',
  });
});

describe('HTTP/2', () => {
  upstreamContract({ make: () => new Http2Upstream(), start: http2Server, protocol: 'HTTP/2' });
});

describe('destinations as they are registered', () => {
  describe.each([
    ['HTTP/1.1', http1Server],
    ['HTTP/2', http2Server],
  ] as const)('%s', (protocol, start) => {
    upstreamContract({ make: () => new DestinationUpstream(), start, protocol });
  });
});
