import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  type ClientHttp2Session,
  connect as connectHttp2,
  constants,
  type Settings,
} from 'node:http2';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, createServer, type Server, type TLSSocket } from 'node:tls';
import { Module } from '@nestjs/common';
import { FixedClock, TEST_NOW, TestCertificate } from '#testing';
import { HealthRegistry } from './health.js';
import { Http2Connections } from './http2-connections.js';
import { type HttpResponse } from './http-exchange.js';
import { type HttpHost, type HttpHostOptions, startHttpHost } from './http-host.js';
import { ListenerCertificates } from './listener-certificates.js';
import { type ListenerTls } from './postern-config.js';
import { createLogger } from './logger.js';
import { Metrics } from './metrics.js';

@Module({})
class EmptyModule {}

const folder = mkdtempSync(join(tmpdir(), 'postern-http2-'));
const tls: ListenerTls = {
  certificateFile: join(folder, 'server.pem'),
  keyFile: join(folder, 'server.key'),
  clientCertificates: 'off',
};
async function renew(): Promise<TestCertificate> {
  const certificate = await TestCertificate.selfSigned();
  writeFileSync(tls.certificateFile, certificate.pem);
  writeFileSync(tls.keyFile, certificate.keyPem);
  return certificate;
}
let certificate: TestCertificate;
beforeAll(async () => {
  certificate = await renew();
});
afterAll(() => rmSync(folder, { recursive: true }));

const ends: (() => unknown)[] = [];
afterEach(async () => {
  answer = undefined;
  for (const end of ends.splice(0)) await end();
});

/** Answers with what it was asked for; `/wait` when it is told to. */
let answer: (() => void) | undefined;
const before: Required<HttpHostOptions>['before'] = (
  { url, httpVersion },
  response: HttpResponse,
) => {
  const end = (): void => void response.end(`${httpVersion} ${url}`);
  if (url === '/wait') answer = end;
  else end();
  return true;
};

async function start(options: Partial<HttpHostOptions> = {}): Promise<HttpHost> {
  const listen = { host: '127.0.0.1', port: 0, tls };
  const host = await startHttpHost({ module: EmptyModule, listen, before, ...options });
  ends.push(() => host.close(0));
  return host;
}

const SERVED = { host: '127.0.0.1', rejectUnauthorized: false } as const;

async function session(port: number, settings: Settings = {}): Promise<ClientHttp2Session> {
  const url = `https://127.0.0.1:${port}`;
  const opened = connectHttp2(url, { rejectUnauthorized: false, settings });
  opened.on('error', () => undefined);
  ends.unshift(() => opened.destroy());
  await once(opened, 'connect');
  return opened;
}

async function asked(of: ClientHttp2Session, path: string): Promise<string> {
  return text(of.request({ ':path': path }));
}

describe('a listener with tls', () => {
  it('speaks HTTP/2 where the caller offers it, and else HTTP/1.1', async () => {
    const { port } = (await start()).address;
    expect(await asked(await session(port), '/a')).toBe('1.1 /a'); // As HTTP/1.1 would have it.
    const agreed = async (ALPNProtocols?: string[]): Promise<string | false | null> => {
      const socket = connect({ ...SERVED, port, ...(ALPNProtocols && { ALPNProtocols }) });
      ends.unshift(() => socket.destroy());
      await once(socket, 'secureConnect');
      return socket.alpnProtocol;
    };
    expect(await agreed(['http/1.1', 'h2'])).toBe('h2');
    expect(await agreed(['http/1.1'])).toBe('http/1.1');
    expect(await agreed()).toBe(false);
    await expect(agreed(['http/0.9'])).rejects.toThrow(/no application protocol/);
  });

  it('keeps connections of HTTP/2 when its certificate is renewed', async () => {
    const clock = new FixedClock(new Date(Math.max(TEST_NOW.getTime(), validFrom(certificate))));
    const [health, metrics] = [new HealthRegistry(), new Metrics()];
    const log = createLogger({ name: 'x', level: 'info', write: () => undefined });
    const certificates = new ListenerCertificates({ clock, log, health, metrics });
    const host = await start({ certificate: certificates.of('public') });
    const { port } = host.address;
    const old = await session(port);
    const waiting = asked(old, '/wait');
    await until(() => answer !== undefined);
    const renewed = await renew();
    await certificates.reload();
    const fresh = await session(port);
    expect(peerOf(fresh)).toEqual(renewed.der);
    answer?.();
    expect(await waiting).toBe('1.1 /wait');
    expect(await asked(old, '/after')).toBe('1.1 /after');
    expect(peerOf(old)).toEqual(certificate.der);
    certificate = renewed;
  });

  it('says that it closes, lets requests end within the deadline, and takes no more', async () => {
    const host = await start();
    const open = await session(host.address.port);
    const waiting = asked(open, '/wait');
    await until(() => answer !== undefined);
    const goaway = once(open, 'goaway');
    const closed = host.close(5_000);
    expect((await goaway)[0]).toBe(constants.NGHTTP2_NO_ERROR);
    answer?.();
    expect(await waiting).toBe('1.1 /wait');
    await closed;
  });

  it('cuts at the deadline what has not ended', async () => {
    const host = await start();
    const open = await session(host.address.port);
    const stream = open.request({ ':path': '/wait' }).on('error', () => undefined);
    await until(() => answer !== undefined);
    const cut = once(stream, 'close');
    await host.close(50);
    await cut;
  });
});

describe('a listener without tls', () => {
  it('speaks HTTP/1.1 only: HTTP/2 with prior knowledge is refused', async () => {
    const refused: string[] = [];
    const listen = { host: '127.0.0.1', port: 0 };
    const host = await start({ listen, refused: ({ what }) => refused.push(what) });
    const socket = connectPlain(host.address.port, '127.0.0.1');
    socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
    expect(refused).toEqual([expect.stringContaining('HPE_')]);
  });
});

describe('a connection of HTTP/2', () => {
  async function listening(
    parts: Partial<ConstructorParameters<typeof Http2Connections>[0]>,
  ): Promise<number> {
    const connections = new Http2Connections({
      serve: (request, response) => void response.end(request.url),
      refused: () => undefined,
      firstRequestMs: 10_000,
      idleMs: 10_000,
      takenWithinMs: 10_000,
      ...parts,
    });
    const server: Server = createServer(
      { cert: certificate.pem, key: certificate.keyPem, ALPNProtocols: ['h2'] },
      (socket: TLSSocket) => connections.take(socket),
    );
    ends.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as { port: number }).port;
  }

  it('ends when it brings no request', async () => {
    const open = await session(await listening({ firstRequestMs: 50 }));
    await once(open, 'close');
  });

  it('ends when it has none for a time, and not while it has one', async () => {
    let end: (() => void) | undefined;
    const port = await listening({
      idleMs: 50,
      serve: (_request, response) => (end = () => void response.end('late')),
    });
    const open = await session(port);
    const late = asked(open, '/');
    await until(() => end !== undefined);
    await pause(150);
    expect(open.closed).toBe(false);
    end?.();
    expect(await late).toBe('late');
    await once(open, 'close');
  });

  it('cuts an answer of which nothing is taken, whether it is small or large', async () => {
    const port = await listening({
      takenWithinMs: 100,
      serve: ({ url }, response) => void response.end('a'.repeat(Number(url.slice(1)))),
    });
    const open = await session(port, { initialWindowSize: 0 });
    for (const bytes of [1, 1024 * 1024]) {
      const stream = open.request({ ':path': `/${bytes}` }).on('error', () => undefined);
      await new Promise((resolve) => stream.resume().once('close', resolve));
      expect(stream.rstCode).toBe(constants.NGHTTP2_CANCEL);
    }
  });

  it('does not keep the body of a request that was answered: it is told to stop', async () => {
    const port = await listening({
      serve: (_request, response) => void response.writeHead(401).end(),
    });
    const stream = (await session(port)).request({ ':method': 'POST', ':path': '/' });
    stream.on('error', () => undefined);
    stream.resume().write('the first part');
    await once(stream, 'close');
    expect(stream.rstCode).toBe(constants.NGHTTP2_NO_ERROR);
  });

  it.each([[['x-a', 'b\r\nevil: c']], [['evil\r\nname', 'c']], [[':status', '200']]])(
    'sends no header that is none: %j',
    async (headers) => {
      let response: HttpResponse | undefined;
      const port = await listening({ serve: (_, given) => (response = given) });
      const stream = (await session(port)).request({ ':path': '/' }).on('error', () => undefined);
      const closed = new Promise((resolve) => stream.resume().once('close', resolve));
      await until(() => response !== undefined);
      expect(() => response?.writeHead(200, headers)).toThrow(TypeError);
      response?.destroy();
      await closed;
      expect(stream.rstCode).toBe(constants.NGHTTP2_INTERNAL_ERROR);
    },
  );
});

const validFrom = ({ der }: TestCertificate): number =>
  Date.parse(new X509Certificate(der).validFrom);

const peerOf = (of: ClientHttp2Session): Buffer | undefined =>
  (of.socket as TLSSocket).getPeerX509Certificate()?.raw;

async function until(holds: () => boolean): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 5) {
    if (holds()) return;
    await pause(5);
  }
  throw new Error('not within 20 s');
}
