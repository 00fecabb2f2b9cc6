import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Handle } from '#handles';
import { until } from '../support/until.js';
import { CallPath, type CallPathOptions } from './call-path.js';
import { http2Answer, Http2Path } from './http2-path.js';
import { OpenCall } from './open-call.js';
import { handshake, SocketCaller, WebSocketPath } from './websocket-path.js';

/** A call is asked about twice a second; the rest is for a slow machine. The promise is one second, two at most. */
const BOUND_MS = 1_500;
const POLICY = {
  scopes: { 'ledger.read': ['GET /accounts/**', 'POST /entries'] },
};
const ACCOUNT = '/proxy/ledger/accounts/42';
/** No time of the call itself is over before the test is. */
const CALL = {
  ...{ totalTimeoutMs: 60_000, connectTimeoutMs: 2_000, headersTimeoutMs: 60_000 },
  ...{ idleTimeoutMs: 60_000, requestBytesMax: 1024 * 1024, responseBytesMax: Infinity },
  ...{ concurrencyMax: 64, audit: 'strict' as const },
};

/** Sends without an end; `held` sends nothing, not even a head. */
class EndlessBackend {
  readonly left: string[] = [];

  readonly respond = (request: IncomingMessage, response: ServerResponse): void => {
    const { url = '' } = request;
    response.on('close', () => this.left.push(url));
    if (url.includes('held') || request.method === 'POST') return;
    const sse = url.includes('events');
    response.writeHead(200, { 'content-type': sse ? 'text/event-stream' : 'text/plain' });
    const timer = setInterval(() => response.write(sse ? 'data: more\n\n' : 'more '), 20);
    response.on('close', () => {
      clearInterval(timer);
    });
  };
}

describe('a call that is under way when its handle ends', () => {
  let backend: EndlessBackend;
  let path: CallPath;
  const callers: OpenCall[] = [];
  const start = async (options: CallPathOptions = {}): Promise<void> => {
    path = await CallPath.start({ respond: backend.respond, policy: POLICY, ...options });
  };
  beforeEach(() => {
    backend = new EndlessBackend();
  });
  afterEach(async () => {
    for (const caller of callers.splice(0)) caller.abort();
    await path.stop();
  });

  const open = async (
    target: string,
    options?: Parameters<typeof OpenCall.begin>[3],
  ): Promise<{ readonly call: OpenCall; readonly handle: Handle; readonly plaintext: string }> => {
    const { plaintext, handle } = await path.parts.issue();
    const call = OpenCall.begin(path.port, target, plaintext, options);
    callers.push(call);
    return { call, handle, plaintext };
  };
  const end = (handle: Handle, status: 'revoked' | 'suspended' = 'revoked'): void => {
    path.parts.records.handles.set(handle.id, { ...handle, status });
  };
  const outcomes = (): unknown[] =>
    path.parts.ledger.completed.map(({ data }) => [data.handle_id, data.outcome]);

  it.each([
    ['revoked', 'a stream', `${ACCOUNT}/stream`],
    ['suspended', 'a stream', `${ACCOUNT}/stream`],
    ['revoked', 'server-sent events', `${ACCOUNT}/events`],
  ] as const)('is cut when that is %s: %s; others go on', async (status, _, target) => {
    await start();
    const [ending, other] = [await open(target), await open(target)];
    await until('both stream', () => ending.call.body !== '' && other.call.body !== '');
    end(ending.handle, status);
    await until('it is cut', () => ending.call.end !== undefined, BOUND_MS);
    expect(ending.call.end).toBe('cut');
    await until('the destination is let go of', () => backend.left.length === 1, BOUND_MS);
    const soFar = other.call.body.length;
    await until('the other goes on', () => other.call.body.length > soFar + 500);
    expect(other.call.end).toBeUndefined();
    expect(outcomes()).toEqual([[ending.handle.id, 'aborted_by_revocation']]);
  });

  it('is cut when the handle is not there any more', async () => {
    await start();
    const { call, handle } = await open(`${ACCOUNT}/stream`);
    await until('it streams', () => call.body !== '');
    path.parts.records.handles.delete(handle.id);
    await until('it is cut', () => call.end === 'cut', BOUND_MS);
    expect(outcomes()).toEqual([[handle.id, 'aborted_by_revocation']]);
  });

  it('and still waits for the destination is answered as one with a dead handle', async () => {
    await start();
    const { call, handle, plaintext } = await open(`${ACCOUNT}/held`);
    await until('it is there', () => path.backend.seen.length === 1);
    end(handle);
    await until('it is answered', () => call.end !== undefined, BOUND_MS);
    path.parts.clock.advance(1);
    const refused = await path.call(ACCOUNT, { headers: { authorization: `Bearer ${plaintext}` } });
    expect([call.end, call.status, call.body]).toEqual(['whole', refused.status, refused.body]);
    expect(call.headers['www-authenticate']).toBe(refused.headers['www-authenticate']);
    expect(refused.status).toBe(401);
    await until('the destination is let go of', () => backend.left.length === 1, BOUND_MS);
    expect(outcomes()).toEqual([[handle.id, 'aborted_by_revocation']]);
  });

  it('has nothing of an answer that is held to be searched', async () => {
    await start({ registration: { response: { scrub: 'buffer' } } });
    const { call, handle } = await open(`${ACCOUNT}/stream`);
    await until('it is there', () => path.backend.seen.length === 1);
    end(handle);
    await until('it is answered', () => call.end !== undefined, BOUND_MS);
    expect([call.status, call.headers['postern-error']]).toEqual([401, 'invalid_token']);
    expect(call.body).not.toContain('more');
  });

  it('brings nothing more of its body to the destination', async () => {
    let arrived = 0;
    await start({
      respond: (request, response) => {
        response.on('close', () => backend.left.push('upload'));
        request.on('data', (chunk: Buffer) => (arrived += chunk.length));
      },
    });
    path.backend.streams = true;
    const { call, handle } = await open('/proxy/ledger/entries', { method: 'POST' });
    const busy = setInterval(() => {
      call.write('x'.repeat(1_000));
    }, 10);
    await until('some of it came', () => arrived > 5_000);
    end(handle);
    await until('it is over', () => call.end !== undefined, BOUND_MS);
    await until('the destination is let go of', () => backend.left.length === 1, BOUND_MS);
    const [sum, answers] = [arrived, call.status];
    clearInterval(busy);
    expect(arrived).toBe(sum);
    expect([0, 401]).toContain(answers);
    expect(outcomes()).toEqual([[handle.id, 'aborted_by_revocation']]);
  });

  it('whose body is held for an injector sends nothing', async () => {
    await start({
      registration: {
        inject: { kind: 'body-field', format: 'json', name: '/password', value: 'password' },
      },
    });
    const { call, handle } = await open('/proxy/ledger/entries', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    });
    call.write('{"a":');
    await until('it is under way', () => path.parts.ledger.started.length > 0);
    end(handle);
    await until('it is over', () => call.end !== undefined, BOUND_MS);
    expect(call.status).toBe(401);
    expect(path.backend.seen).toEqual([]);
  });

  it('is reset when it is a stream of HTTP/2, and its connection goes on', async () => {
    const h2 = await Http2Path.start({ respond: backend.respond, policy: POLICY });
    ({ path } = h2);
    const { plaintext, handle } = await path.parts.issue();
    const headers = { ':path': `${ACCOUNT}/stream`, authorization: `Bearer ${plaintext}` };
    const [ending, other] = [
      h2.session.request(headers),
      await h2.open('GET', `${ACCOUNT}/stream`),
    ];
    const answer = http2Answer(ending);
    let received = 0;
    other.on('error', () => undefined).on('data', (chunk: Buffer) => (received += chunk.length));
    await until('both stream', () => path.backend.seen.length === 2 && received > 0);
    end(handle);
    await until('it is reset', () => ending.closed, BOUND_MS);
    expect((await answer).resetWith).not.toBe(0);
    const soFar = received;
    await until('the other goes on', () => received > soFar + 100);
    expect(outcomes()).toEqual([[handle.id, 'aborted_by_revocation']]);
    h2.session.destroy();
    h2.files.remove();
  });

  it('is closed when it is a WebSocket', async () => {
    const sockets = await WebSocketPath.start();
    ({ path } = sockets);
    const { plaintext, handle } = await path.parts.issue();
    const ending = SocketCaller.open(path.port, handshake(`Bearer ${plaintext}`));
    const other = await sockets.open();
    await until('it is open', () => ending.answer.startsWith('HTTP/1.1 101'));
    end(handle, 'suspended');
    await until('it is cut', () => ending.socket.destroyed, BOUND_MS);
    other.send('still here');
    await until('the other goes on', () => other.texts.includes('still here'));
    expect(outcomes()).toEqual([[handle.id, 'aborted_by_revocation']]);
    for (const socket of sockets.backend.sockets) socket.destroy();
    await until('both have ended', () => path.parts.ledger.completed.length === 2);
    await sockets.backend.stop();
  });
});

describe('a call that is under way when nobody can say whether its handle has ended', () => {
  let path: CallPath;
  const backend = new EndlessBackend();
  afterEach(() => path.stop());

  it('is cut within two seconds, and not when that is over sooner', async () => {
    const registration = { call: CALL };
    path = await CallPath.start({ respond: backend.respond, policy: POLICY, registration });
    const { plaintext } = await path.parts.issue();
    const [stream, held] = ['stream', 'held'].map((kind) =>
      OpenCall.begin(path.port, `${ACCOUNT}/${kind}`, plaintext),
    ) as [OpenCall, OpenCall];
    await until('it streams', () => stream.body !== '' && path.backend.seen.length === 2);
    path.parts.records.setReachable(false);
    const soFar = stream.body.length;
    await until('some of the time is over', () => stream.body.length > soFar + 5 * 25);
    path.parts.records.setReachable(true);
    const then = stream.body.length;
    await until('it goes on for longer than that', () => stream.body.length > then + 5 * 120);
    expect([stream.end, held.end]).toEqual([undefined, undefined]);
    path.parts.records.setReachable(false);
    await until('both are over', () => stream.end !== undefined && held.end !== undefined, 2_500);
    expect([stream.end, held.status]).toEqual(['cut', 503]);
    expect(path.parts.ledger.completed.map(({ data }) => data.outcome)).toEqual([
      'response_cut',
      'response_cut',
    ]);
  });
});
