import { type ChildProcess, spawn } from 'node:child_process';
import { type ClientRequest, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type ProxiedResourceRegistration } from '#injection';
import { aProxiedRegistration } from '#testing';
import { type Answer, CallPath } from '../security/call-path.js';
import { until } from '../support/until.js';

const LIMIT_MS = 300;
/** A limit is kept within this on a busy machine; undici looks about every half second. Who keeps none waits for ever. */
const LATE_MS_MAX = 20_000;
/** A connection that the kernel takes comes sooner, on a busy machine too. */
const HANGS_MS = 1_000;
/** Listens, and accepts nothing: the kernel completes as many handshakes as fit into the queue, and drops the rest. */
const DEAF_LISTENER = `const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  process.stdout.write(server.address().port + '\\n', () => process.kill(process.pid, 'SIGSTOP'));
});`;

type Respond = (request: IncomingMessage, response: ServerResponse) => void;
type Limits = Partial<ProxiedResourceRegistration['call']>;

describe('a call whose time is over', () => {
  let path: CallPath;
  let respond: Respond = () => undefined;

  async function start(
    limits: Limits,
    registration: Partial<ProxiedResourceRegistration> = {},
  ): Promise<void> {
    path = await CallPath.start({
      respond: (incoming, response) => respond(incoming, response),
      registration: { call: { ...aProxiedRegistration().call, ...limits }, ...registration },
    });
    path.backend.streams = true;
  }
  afterEach(() => path.stop());

  /** An upload of which the second half never comes. */
  async function halfSent(): Promise<{ call: ClientRequest; answer: Promise<IncomingMessage> }> {
    const { plaintext } = await path.parts.issue();
    const call = request({
      ...{ host: '127.0.0.1', port: path.port, path: '/proxy/ledger/entries', method: 'POST' },
      ...{ agent: false, headers: { authorization: `Bearer ${plaintext}`, 'content-length': 9 } },
    });
    const answer = new Promise<IncomingMessage>((resolve, reject) =>
      call.once('response', resolve).once('error', reject),
    );
    call.write('half');
    return { call, answer };
  }

  const outcomes = (): string[] => path.parts.ledger.completed.map(({ data }) => data.outcome);
  const isGatewayTimeout = ({ status, headers }: Answer): boolean =>
    status === 504 && headers['postern-error'] === 'upstream-timeout';

  /** Resolves to how long it took until the call was over. */
  async function timed(call: () => Promise<unknown>): Promise<number> {
    const startedMs = performance.now();
    await call();
    return performance.now() - startedMs;
  }
  async function assertTimedOut(): Promise<void> {
    const tookMs = await timed(async () => {
      expect(isGatewayTimeout(await path.call('/proxy/ledger/accounts/42'))).toBe(true);
    });
    expect(tookMs).toBeGreaterThan(LIMIT_MS - 50);
    expect(tookMs).toBeLessThan(LIMIT_MS + LATE_MS_MAX);
    await until('it is recorded', () => outcomes().length === 1);
    expect(outcomes()).toEqual(['upstream_timeout']);
  }

  describe('for connecting', () => {
    it('is answered 504 when the destination takes no connections any more', async () => {
      const listener: ChildProcess = spawn(process.execPath, ['-e', DEAF_LISTENER]);
      let text = '';
      listener.stdout?.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await until('it listens', () => text.endsWith('\n'));
      const port = Number(text);
      const waiting: Socket[] = [];
      // Until one hangs: then the queue is full, and so it stays.
      for (let hangs = false; !hangs;) {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        waiting.push(socket);
        hangs = await new Promise((resolve) => {
          const timer = setTimeout(() => resolve(true), HANGS_MS);
          socket.once('connect', () => {
            clearTimeout(timer);
            resolve(false);
          });
        });
      }
      await start({ connectTimeoutMs: LIMIT_MS }, { destination: `http://127.0.0.1:${port}` });
      await assertTimedOut();
      for (const socket of waiting) socket.destroy();
      listener.kill('SIGKILL');
    });

    it('is answered 504 when the destination does not answer the TLS handshake', async () => {
      const mute: Server = createServer((socket) => {
        socket.on('error', () => undefined).resume();
      });
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
      const { port } = mute.address() as AddressInfo;
      await start({ connectTimeoutMs: LIMIT_MS }, { destination: `https://127.0.0.1:${port}` });
      await assertTimedOut();
      await new Promise((resolve) => mute.close(resolve));
    });
  });

  it('for the head of the answer is answered 504, and ended at the destination', async () => {
    let closed = false;
    respond = (incoming) => void incoming.socket.once('close', () => (closed = true));
    await start({ headersTimeoutMs: LIMIT_MS });
    await assertTimedOut();
    await until('the connection to the destination ends', () => closed);
  });

  it('for the head is not begun anew by interim answers', async () => {
    respond = (_, response) => {
      const timer = setInterval(() => response.writeProcessing(), 50);
      response.once('close', () => clearInterval(timer));
    };
    await start({ headersTimeoutMs: LIMIT_MS });
    await assertTimedOut();
  });

  it('for a byte of the body is cut', async () => {
    let closed = false;
    respond = (incoming, response) => {
      response.write('first');
      incoming.socket.once('close', () => (closed = true));
    };
    await start({ idleTimeoutMs: LIMIT_MS });
    const tookMs = await timed(() =>
      expect(path.call('/proxy/ledger/accounts/42')).rejects.toThrow(/aborted/),
    );
    expect(tookMs).toBeLessThan(LIMIT_MS + LATE_MS_MAX);
    await until('the connection to the destination ends', () => closed);
    await until('it is recorded', () => outcomes().length === 1);
    expect(outcomes()).toEqual(['upstream_timeout']);
  });

  it('for a byte of the body is not over while bytes come', async () => {
    respond = (_, response) => {
      let sent = 0;
      const timer = setInterval(() => {
        sent += 1;
        response.write('drop ');
        if (sent < 30) return;
        clearInterval(timer);
        response.end();
      }, 100);
    };
    await start({ idleTimeoutMs: 2_000 });
    expect((await path.call('/proxy/ledger/accounts/42')).body).toBe('drop '.repeat(30));
    expect(outcomes()).toEqual(['ok']);
  });

  it('altogether is answered 504 while the destination says again and again that it is at it', async () => {
    respond = (_, response) => {
      const timer = setInterval(() => response.writeProcessing(), 50);
      response.once('close', () => clearInterval(timer));
    };
    await start({ totalTimeoutMs: LIMIT_MS });
    await assertTimedOut();
  });

  it('altogether is answered 504 before its head, and cut after it, however busy it is', async () => {
    await start({ totalTimeoutMs: LIMIT_MS });
    respond = () => undefined;
    await assertTimedOut();
    respond = (_, response) => {
      const timer = setInterval(() => response.write('drop'), 20);
      response.once('close', () => clearInterval(timer));
    };
    await expect(path.call('/proxy/ledger/accounts/42')).rejects.toThrow(/aborted/);
    await until('it is recorded', () => outcomes().length === 2);
    expect(outcomes()).toEqual(['upstream_timeout', 'upstream_timeout']);
  });

  it('for a byte of the body of the caller is answered 504', async () => {
    respond = (incoming) => void incoming.on('error', () => undefined).resume();
    await start({ idleTimeoutMs: LIMIT_MS });
    const { call, answer } = await halfSent();
    expect((await answer).statusCode).toBe(504);
    call.on('error', () => undefined).destroy();
    expect(outcomes()).toEqual(['upstream_timeout']);
  });

  it('for a byte of the body of the caller does not matter any more when the answer has begun', async () => {
    respond = (incoming, response) => {
      incoming.on('error', () => undefined).resume();
      const timer = setInterval(() => response.write('drop '), 100);
      setTimeout(() => {
        clearInterval(timer);
        response.end();
      }, 3_500);
    };
    await start({ idleTimeoutMs: 1_500 });
    const { call, answer } = await halfSent();
    expect((await text(await answer)).length).toBeGreaterThan(5);
    call.on('error', () => undefined).destroy();
  });

  it('altogether is ended while its caller has not sent the body yet', async () => {
    let closed = false;
    respond = (incoming) => {
      incoming.on('error', () => undefined).resume();
      incoming.socket.once('close', () => (closed = true));
    };
    await start({ totalTimeoutMs: LIMIT_MS });
    const { call, answer } = await halfSent();
    expect((await answer).statusCode).toBe(504);
    call.on('error', () => undefined).destroy();
    await until('the connection to the destination ends', () => closed);
    expect(outcomes()).toEqual(['upstream_timeout']);
  });
});
