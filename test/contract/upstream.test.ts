import { Http2Upstream, UndiciUpstream } from '#adapters/http';
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
