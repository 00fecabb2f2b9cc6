import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { TEST_PASSWORD, TEST_USERNAME, TestCertificate } from '#testing';
import { until } from '../support/until.js';
import { send } from './call-path.js';
import { frame } from './websocket-frames.js';
import { handshake, SocketCaller, STREAM, WebSocketPath } from './websocket-path.js';

const LEDGER = Buffer.from(`${TEST_USERNAME}:${TEST_PASSWORD}`).toString('base64');

let proxy: WebSocketPath;
afterEach(() => proxy.stop());

describe('a WebSocket through the proxy', () => {
  it('is opened with the secret in place of the handle, and relays both ways', async () => {
    proxy = await WebSocketPath.start();
    const caller = await proxy.open();
    expect(caller.answer).toMatch(/^HTTP\/1\.1 101 [^]*upgrade: websocket/i);
    expect(caller.answer).toMatch(/sec-websocket-accept: \S/i);
    const [request] = proxy.backend.requests;
    expect([request?.method, request?.url]).toEqual(['GET', '/api/stream/42']);
    expect(request?.headers.authorization).toBe(`Basic ${LEDGER}`);
    expect(request?.headers['sec-websocket-key']).toBeDefined();
    for (const text of ['hello', 'x'.repeat(70_000), '']) caller.send(text);
    await until('all echoes', () => caller.messages.length === 3);
    expect(caller.texts).toEqual(['hello', 'x'.repeat(70_000), '']);
  });

  it('counts bytes and says how it ended', async () => {
    proxy = await WebSocketPath.start();
    const caller = await proxy.open();
    caller.send('hello');
    await until('the echo', () => caller.messages.length === 1);
    caller.socket.end();
    const seen = await proxy.ended();
    expect(seen).toMatchObject({
      ...{ method: 'UPGRADE', route_template: '/stream/{id}', upstream_status: 101, outcome: 'ok' },
      ...{ bytes_in: 11, bytes_out: 7, scrubbed: 0 },
    });
    await caller.closed;
  });

  it('takes frames that came with the handshake', async () => {
    proxy = await WebSocketPath.start();
    const { plaintext } = await proxy.path.parts.issue();
    const caller = SocketCaller.open(proxy.path.port, handshake(`Bearer ${plaintext}`));
    caller.send('early');
    await until('the echo', () => caller.messages.length === 1);
    expect(caller.texts).toEqual(['early']);
  });

  it('ends when the destination ends, and passes on what it said last', async () => {
    proxy = await WebSocketPath.start({ onMessage: (_, socket) => void socket.end(frame('bye')) });
    const caller = await proxy.open();
    caller.send('hello');
    await caller.closed;
    expect(caller.texts).toEqual(['bye']);
    expect(await proxy.ended()).toMatchObject({ outcome: 'ok' });
  });

  it('passes an answer that is no 101 back as any other', async () => {
    proxy = await WebSocketPath.start({
      instead: 'HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-Note: a\r\n\r\nno',
    });
    const caller = await proxy.open();
    await caller.closed;
    expect(caller.answer).toMatch(/^HTTP\/1\.1 403 Forbidden[^]*x-note: a[^]*no$/i);
    expect(await proxy.ended()).toMatchObject({ upstream_status: 403, outcome: 'ok' });
  });

  it('is answered 502 when the destination switches to another protocol', async () => {
    proxy = await WebSocketPath.start({
      instead: 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    });
    const caller = await proxy.open();
    expect(caller.answer).toMatch(/^HTTP\/1\.1 502 [^]*postern-error: upstream-failed/);
  });

  it('holds back the destination when the caller does not read', async () => {
    let paused = false;
    const pour = (socket: Socket): void => {
      const block = frame(Buffer.alloc(64 * 1024), { opcode: 2 });
      let written = 0;
      const more = (): void => {
        let flows = true;
        for (; written < 500 && flows; written += 1) flows = socket.write(block);
        paused = !flows && written < 500;
        if (!flows) socket.once('drain', more);
      };
      more();
    };
    proxy = await WebSocketPath.start(
      { onOpen: pour },
      { registration: { response: { scrub: 'off' } } },
    );
    const caller = await proxy.open();
    caller.socket.pause();
    await until('the destination is held back', () => paused);
    caller.socket.resume();
    await until('all of it', () => caller.messages.length === 500, 15_000);
    expect(caller.messages.every(({ payload }) => payload.length === 64 * 1024)).toBe(true);
  });
});

describe('a WebSocket is opened only', () => {
  it.each<[string, string, (lines: string[]) => string[], string]>([
    ['with a handle', '401', (lines) => lines.slice(1), 'missing-handle'],
    [
      'with one that is valid',
      '401',
      (lines) => ['Authorization: Bearer x', ...lines.slice(1)],
      'invalid_token',
    ],
    [
      'as a WebSocket',
      '501',
      (lines) => lines.map((line) => line.replace('websocket', 'tcp')),
      'upgrade-not-available',
    ],
    ['as a WebSocket alone', '501', (lines) => [...lines, 'Upgrade: h2c'], 'upgrade-not-available'],
    [
      'with a key',
      '501',
      (lines) => lines.filter((line) => !line.includes('-Key')),
      'upgrade-not-available',
    ],
    ['with one key', '501', (lines) => [...lines, 'Sec-WebSocket-Key: x'], 'upgrade-not-available'],
    ['without a body', '501', (lines) => [...lines, 'Content-Length: 1'], 'upgrade-not-available'],
    [
      'with one presentation',
      '400',
      (lines) => [...lines, 'Authorization: Bearer x'],
      'invalid_request',
    ],
  ])('%s', async (_, status, change, code) => {
    proxy = await WebSocketPath.start();
    const caller = await proxy.open(change);
    expect(caller.answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} [^]*postern-error: ${code}`));
    await caller.closed;
    expect(proxy.backend.requests).toHaveLength(0);
  });

  it('where an operation says UPGRADE: GET does not cover it, and it covers no GET', async () => {
    proxy = await WebSocketPath.start();
    const { plaintext } = await proxy.path.parts.issue();
    const lines = handshake(`Bearer ${plaintext}`);
    const caller = SocketCaller.open(proxy.path.port, lines, 'GET /proxy/ledger/plain HTTP/1.1');
    await caller.closed;
    expect(caller.answer).toMatch(/^HTTP\/1\.1 403 [^]*insufficient_scope/);
    const plain = await proxy.path.call(STREAM);
    expect(plain.status).toBe(403);
    expect(proxy.backend.requests).toHaveLength(0);
  });

  it.each(['UPGRADE', 'POST', 'HEAD'])('with GET, not with %s', async (method) => {
    proxy = await WebSocketPath.start();
    const { plaintext } = await proxy.path.parts.issue();
    const lines = handshake(`Bearer ${plaintext}`);
    const caller = SocketCaller.open(proxy.path.port, lines, `${method} ${STREAM} HTTP/1.1`);
    await caller.closed;
    expect(caller.answer).toMatch(/^HTTP\/1\.1 (?:400|501) /);
    expect(proxy.backend.requests).toHaveLength(0);
  });

  it('as often as the handle may call', async () => {
    proxy = await WebSocketPath.start();
    const { plaintext } = await proxy.path.parts.issue({ maxCalls: 1 });
    const lines = handshake(`Bearer ${plaintext}`);
    const first = SocketCaller.open(proxy.path.port, lines);
    await until('the first is open', () => first.answer.includes('\r\n\r\n'));
    expect(first.answer).toMatch(/^HTTP\/1\.1 101 /);
    const second = SocketCaller.open(proxy.path.port, lines);
    await second.closed;
    expect(second.answer).toMatch(/^HTTP\/1\.1 403 [^]*calls-exhausted/);
  });
});

describe('an offer to switch that is ignored', () => {
  it('leaves a call what it is, with its body: h2c', async () => {
    proxy = await WebSocketPath.start(
      {},
      { policy: { scopes: { 'ledger.read': ['POST /plain'] } } },
    );
    const headers = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'x',
    };
    const body = 'a body that must arrive';
    const answer = await proxy.path.call('/proxy/ledger/plain', { method: 'POST', headers, body });
    expect([answer.status, answer.body]).toEqual([200, 'no socket']);
    await until('it is recorded', () => proxy.path.parts.ledger.completed.length > 0);
    expect(proxy.path.parts.ledger.completed[0]?.data).toMatchObject({ bytes_in: body.length });
  });

  it('leaves a request that is no call what it is', async () => {
    proxy = await WebSocketPath.start();
    const headers = { connection: 'Upgrade', upgrade: 'websocket' };
    expect((await send(proxy.path.port, '/elsewhere', { headers })).status).toBe(404);
  });
});

describe('on a listener with tls', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-wss-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('a WebSocket is opened, and an offer of h2c is ignored', async () => {
    const certificate = await TestCertificate.selfSigned({ authority: false });
    const [certificateFile, keyFile] = [join(folder, 'server.pem'), join(folder, 'server.key')];
    writeFileSync(certificateFile, certificate.pem);
    writeFileSync(keyFile, certificate.keyPem);
    proxy = await WebSocketPath.start(
      {},
      { tls: { certificateFile, keyFile, clientCertificates: 'off' } },
    );
    const { plaintext } = await proxy.path.parts.issue();
    const connected = () =>
      connectTls({ host: '127.0.0.1', port: proxy.path.port, rejectUnauthorized: false });
    const lines = handshake(`Bearer ${plaintext}`);
    const caller = new SocketCaller(connected());
    caller.socket.write(`GET ${STREAM} HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`);
    caller.send('hello');
    await until('the echo', () => caller.messages.length === 1);
    const offer = new SocketCaller(connected());
    const h2c = 'Connection: Upgrade, close\r\nUpgrade: h2c';
    offer.socket.write(
      `GET /proxy/ledger/plain HTTP/1.1\r\nHost: a\r\n${h2c}\r\n${lines[0]}\r\n\r\n`,
    );
    await offer.closed;
    expect(offer.answer).toMatch(/^HTTP\/1\.1 200 [^]*no socket/);
  });
});
