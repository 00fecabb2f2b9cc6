import {
  constants,
  createSecureServer,
  type Http2SecureServer,
  type SecureServerOptions,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Readable } from 'node:stream';
import { createServer as createTlsServer } from 'node:tls';
import { Http2Upstream } from '#adapters/http';
import { type CallLimits, type UpstreamFailed, type UpstreamRequest } from '#injection';
import {
  anUpstreamRequest,
  type DestinationCertificate,
  destinationCertificate,
  RecordingSink,
  TestCertificate,
} from '#testing';
import {
  DATA,
  END_HEADERS,
  END_STREAM,
  frame,
  framesServer,
  HEADERS,
  RST_STREAM,
  STATUS_200,
} from '../support/http2-frames.js';
import { until } from '../support/until.js';

const NAME = 'ledger.test';

/** What HTTP/2 has and HTTP/1.1 has not; the rest is in the contract. */
describe('a destination over HTTP/2', () => {
  let authority: TestCertificate;
  let pair: DestinationCertificate['pair'];
  let caFile: string;
  let server: Http2SecureServer;
  let upstream: Http2Upstream;
  let respond: (stream: ServerHttp2Stream, path: string) => void;
  const sessions: ServerHttp2Session[] = [];

  beforeAll(async () => {
    ({ authority, pair, caFile } = await destinationCertificate(NAME));
  });
  beforeEach(() => {
    upstream = new Http2Upstream();
    sessions.length = 0;
    respond = (stream) => answer(stream, 'ok');
  });
  afterEach(async () => {
    await upstream.close(0);
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  const answer = (stream: ServerHttp2Stream, body: string): void => {
    stream.respond({ ':status': 200 });
    stream.end(body);
  };
  async function serve(options: SecureServerOptions = {}): Promise<void> {
    server = createSecureServer({ ...pair, ...options });
    server.on('session', (session) => sessions.push(session.on('error', () => undefined)));
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined);
      respond(stream, headers[':path'] ?? '');
    });
    await listening(server);
  }
  const listening = (one: Server): Promise<void> =>
    new Promise((resolve) => one.listen(0, '127.0.0.1', resolve));
  const portOf = (one: Server): number => (one.address() as AddressInfo).port;
  const aRequest = (
    overrides: Partial<UpstreamRequest> = {},
    limits: Partial<CallLimits> = {},
    port = portOf(server),
  ): UpstreamRequest => {
    const registration = { tls: { caFile, serverName: NAME, http2: true } };
    const origin = `https://127.0.0.1:${port}`;
    return anUpstreamRequest({ origin, registration }, overrides, limits);
  };
  function sent(request: UpstreamRequest): RecordingSink {
    const sink = new RecordingSink();
    upstream.send(request, sink);
    return sink;
  }
  const failure = async (sink: RecordingSink): Promise<UpstreamFailed['condition']> =>
    ((await sink.end) as UpstreamFailed).condition;

  it('shares one connection among calls at once', async () => {
    const waiting: (() => void)[] = [];
    respond = (stream) => waiting.push(() => answer(stream, 'ok'));
    await serve();
    const sinks = Array.from({ length: 20 }, () => sent(aRequest()));
    await until('all are under way', () => waiting.length === 20);
    for (const release of waiting) release();
    expect(new Set(await Promise.all(sinks.map(({ end }) => end)))).toEqual(new Set(['ended']));
    expect(sessions).toHaveLength(1);
  });

  it('gets another connection when all streams of the first are taken, and no more than that', async () => {
    const waiting: (() => void)[] = [];
    respond = (stream) => waiting.push(() => answer(stream, 'ok'));
    await serve({ settings: { maxConcurrentStreams: 4 } });
    const sinks = Array.from({ length: 12 }, () => sent(aRequest()));
    await until('all are under way', () => waiting.length === 12);
    expect(sessions).toHaveLength(3);
    for (const release of waiting) release();
    expect(new Set(await Promise.all(sinks.map(({ end }) => end)))).toEqual(new Set(['ended']));
  });

  it('that takes no streams at all is given up', async () => {
    await serve({ settings: { maxConcurrentStreams: 0 } });
    expect([await failure(sent(aRequest())), sessions.length]).toEqual(['unreachable', 1]);
  });

  it('that says GOAWAY finishes what it has, and is asked on another connection from then on', async () => {
    let release: (() => void) | undefined;
    respond = (stream, path) => {
      if (path === '/slow') release = () => answer(stream, 'late');
      else answer(stream, 'ok');
    };
    await serve();
    const slow = sent(aRequest({ path: '/slow' }));
    await until('it is under way', () => release !== undefined);
    sessions[0]!.goaway(constants.NGHTTP2_NO_ERROR);
    await until('calls get through on another connection', async () => {
      return (await sent(aRequest()).end) === 'ended' && sessions.length === 2;
    });
    release!();
    expect([await slow.end, slow.body]).toEqual(['ended', 'late']);
  });

  it('is aborted by RST_STREAM, and its connection goes on', async () => {
    let code: number | undefined;
    respond = (stream, path) => {
      if (path === '/next') {
        answer(stream, 'ok');
        return;
      }
      stream.respond({ ':status': 200 });
      stream.write('first');
      stream.once('close', () => (code = stream.rstCode));
    };
    await serve();
    const sink = new RecordingSink();
    const control = upstream.send(aRequest(), sink);
    await until('the answer begins', () => sink.body === 'first');
    control.abort(new Error('enough'));
    await until('the stream is reset', () => code !== undefined);
    expect(code).toBe(constants.NGHTTP2_CANCEL);
    const next = sent(aRequest({ path: '/next' }));
    expect([await next.end, next.body, sessions.length]).toEqual(['ended', 'ok', 1]);
    expect(sink.calls).toEqual(['head', 'data']);
  });

  it.each([
    ['NO_ERROR', constants.NGHTTP2_NO_ERROR],
    ['CANCEL', constants.NGHTTP2_CANCEL],
    ['INTERNAL_ERROR', constants.NGHTTP2_INTERNAL_ERROR],
  ])('never passes a part for the whole: reset in mid-answer with %s', async (_, code) => {
    await serve();
    // Node's own server ends a stream before it resets it.
    const half = framesServer(pair, [
      frame(HEADERS, END_HEADERS, STATUS_200),
      frame(DATA, 0, Buffer.from('half')),
      frame(RST_STREAM, 0, Buffer.from([0, 0, 0, code])),
    ]);
    await listening(half);
    const sink = sent(aRequest({}, {}, portOf(half)));
    expect([await failure(sink), sink.body]).toEqual(['aborted', 'half']);
    half.close();
  });

  it('takes what is whole for whole, frame by frame', async () => {
    await serve();
    const whole = framesServer(pair, [
      frame(HEADERS, END_HEADERS, STATUS_200),
      frame(DATA, END_STREAM, Buffer.from('whole')),
      frame(RST_STREAM, 0, Buffer.from([0, 0, 0, constants.NGHTTP2_NO_ERROR])),
    ]);
    await listening(whole);
    const sink = sent(aRequest({}, {}, portOf(whole)));
    expect([await sink.end, sink.body]).toEqual(['ended', 'whole']);
    whole.close();
  });

  it('never passes a part for the whole: the connection is gone', async () => {
    respond = (stream) => {
      stream.respond({ ':status': 200 });
      stream.write('half', () => setTimeout(() => sessions[0]!.destroy(), 20));
    };
    await serve();
    expect(await failure(sent(aRequest()))).toBe('aborted');
  });

  it('is never asked again by itself: a refused stream is a failure', async () => {
    let streams = 0;
    respond = (stream) => {
      streams += 1;
      stream.close(constants.NGHTTP2_REFUSED_STREAM);
    };
    await serve();
    expect([await failure(sent(aRequest())), streams]).toEqual(['aborted', 1]);
  });

  it.each([
    ['chooses HTTP/1.1', ['http/1.1']],
    ['does not know of choosing', undefined],
  ])('is sent nothing when it %s in the handshake', async (_, ALPNProtocols) => {
    await serve();
    let received = '';
    const old = createTlsServer(
      { ...pair, ...(ALPNProtocols === undefined ? {} : { ALPNProtocols }) },
      (socket) =>
        socket
          .on('error', () => undefined)
          .on('data', (chunk: Buffer) => (received += chunk.toString())),
    );
    old.on('tlsClientError', () => undefined);
    await listening(old);
    expect(await failure(sent(aRequest({}, {}, portOf(old))))).toBe('unreachable');
    expect(received).toBe('');
    old.close();
  });

  it.each([
    ['of another name', { dnsNames: ['elsewhere.test'] }, false],
    ['of an authority that is not registered', { dnsNames: [NAME] }, true],
  ])('is not talked to with a certificate %s', async (_, options, strange) => {
    const issuer = strange ? await TestCertificate.selfSigned() : authority;
    const { pem, keyPem } = await issuer.issue({ authority: false, ...options });
    await serve({ cert: pem, key: keyPem });
    expect(await failure(sent(aRequest()))).toBe('unreachable');
    expect(sessions).toHaveLength(0);
  });

  it.each(['the handshake', 'its settings'])('is given up when %s takes too long', async (what) => {
    await serve();
    const mute =
      what === 'the handshake'
        ? createServer((socket) => void socket.on('error', () => undefined).resume())
        : createTlsServer({ ...pair, ALPNProtocols: ['h2'] }, (socket) => {
            socket.on('error', () => undefined).resume();
          });
    await listening(mute);
    const limits = { connectTimeoutMs: 300 };
    expect(await failure(sent(aRequest({}, limits, portOf(mute))))).toBe('timeout');
    mute.close();
  });

  it('is given up when the head does not come in time, whatever it says before: 103', async () => {
    respond = (stream) => {
      const timer = setInterval(() => stream.additionalHeaders({ ':status': 103 }), 50);
      stream.once('close', () => clearInterval(timer));
    };
    await serve();
    const startedMs = performance.now();
    expect(await failure(sent(aRequest({}, { headersTimeoutMs: 300 })))).toBe('timeout');
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });

  it.each(['the caller does not send', 'the destination does not read'])(
    'is given up when nothing of the body moves: %s',
    async (who) => {
      respond = (stream) => (who === 'the caller does not send' ? stream.resume() : undefined);
      await serve();
      const body = new Readable({
        read() {
          if (who === 'the destination does not read') this.push(Buffer.alloc(64 * 1024));
        },
      });
      body.push('first');
      const request = aRequest({ method: 'POST', body }, { idleTimeoutMs: 300 });
      expect(await failure(sent(request))).toBe('timeout');
      expect(body.destroyed).toBe(true);
    },
  );

  it('that let a call wait too long is asked on another connection: the first may be dead', async () => {
    respond = (stream, path) => {
      if (path === '/next') answer(stream, 'ok');
    };
    await serve();
    expect(await failure(sent(aRequest({}, { headersTimeoutMs: 200 })))).toBe('timeout');
    expect(await sent(aRequest({ path: '/next' })).end).toBe('ended');
    expect(sessions).toHaveLength(2);
  });

  it.each<[string, Partial<UpstreamRequest>]>([
    ['to switch', { protocol: 'websocket' }],
    ['with a field of an HTTP/1.1 connection', { headers: ['host', 'a', 'connection', 'close'] }],
  ])('is never asked %s', async (_, overrides) => {
    await serve();
    expect(await failure(sent(aRequest(overrides)))).toBe('protocol');
  });
});
