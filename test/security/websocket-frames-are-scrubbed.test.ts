import { TEST_PASSWORD, TEST_USERNAME } from '#testing';
import { until } from '../support/until.js';
import { frame } from './websocket-frames.js';
import { type SocketBackendOptions, WebSocketPath } from './websocket-path.js';

const LEDGER = Buffer.from(`${TEST_USERNAME}:${TEST_PASSWORD}`).toString('base64');

let proxy: WebSocketPath;
afterEach(() => proxy.stop());

describe('what a destination says in a WebSocket', () => {
  const hostile = (...frames: readonly Buffer[]): SocketBackendOptions => ({
    onMessage: (_, socket) => void socket.write(Buffer.concat(frames)),
  });

  it.each<[string, readonly Buffer[], readonly string[]]>([
    ['in one frame', [frame(`a ${TEST_PASSWORD} b`)], [`a ${'*'.repeat(TEST_PASSWORD.length)} b`]],
    [
      'across the frames of a message',
      [
        frame(TEST_PASSWORD.slice(0, 7), { last: false }),
        frame(TEST_PASSWORD.slice(7), { opcode: 0 }),
      ],
      ['*'.repeat(7), '*'.repeat(TEST_PASSWORD.length - 7)],
    ],
    [
      'around a ping',
      [
        frame(TEST_PASSWORD.slice(0, 7), { last: false }),
        frame('ping', { opcode: 9 }),
        frame(TEST_PASSWORD.slice(7), { opcode: 0 }),
      ],
      ['*'.repeat(7), 'ping', '*'.repeat(TEST_PASSWORD.length - 7)],
    ],
    ['in a ping', [frame(TEST_PASSWORD, { opcode: 9 })], ['*'.repeat(TEST_PASSWORD.length)]],
    ['in base64', [frame(`Basic ${LEDGER}`)], [`Basic ${'*'.repeat(LEDGER.length)}`]],
    [
      'unless it is none: a beginning goes out with its message',
      [frame(TEST_PASSWORD.slice(0, 7)), frame('more')],
      [TEST_PASSWORD.slice(0, 7), 'more'],
    ],
  ])('shows no secret %s', async (_, frames, texts) => {
    proxy = await WebSocketPath.start(hostile(...frames));
    const caller = await proxy.open();
    caller.send('go');
    await until('all of it', () => caller.messages.length === texts.length);
    expect(caller.texts).toEqual(texts);
    caller.socket.end();
    const hits = texts.join().includes('*') ? 1 : 0;
    expect(await proxy.ended()).toMatchObject({ scrubbed: hits });
  });

  it.each<[string, Buffer]>([
    ['masked', frame(TEST_PASSWORD, { masked: true })],
    ['compressed', frame('x', { reserved: 0x40 })],
    ['of an unknown kind', frame('x', { opcode: 3 })],
    ['a control frame in pieces', frame('x', { opcode: 9, last: false })],
  ])('is cut when it cannot be searched: %s', async (_, bytes) => {
    proxy = await WebSocketPath.start(hostile(bytes));
    const caller = await proxy.open();
    caller.send('go');
    await caller.closed;
    expect(caller.messages).toEqual([]);
    expect(await proxy.ended()).toMatchObject({ outcome: 'response_cut' });
  });

  it('is never compressed: the extension is not offered, and refused when it is used', async () => {
    proxy = await WebSocketPath.start({
      headers: ['Sec-WebSocket-Extensions: permessage-deflate'],
    });
    const offer = 'Sec-WebSocket-Extensions: permessage-deflate';
    const caller = await proxy.open((lines) => [...lines, offer]);
    expect(proxy.backend.requests[0]?.headers['sec-websocket-extensions']).toBeUndefined();
    expect(caller.answer).toMatch(/^HTTP\/1\.1 502 [^]*postern-error: unscrubbable-encoding/);
  });

  it('shows no secret in the handshake', async () => {
    proxy = await WebSocketPath.start({
      headers: [`X-Echo: ${TEST_PASSWORD}`, 'Sec-WebSocket-Protocol: chat'],
    });
    const caller = await proxy.open((lines) => [...lines, 'Sec-WebSocket-Protocol: chat']);
    expect(caller.answer).toMatch(/x-echo: \*+\r\n/i);
    expect(caller.answer).toMatch(/sec-websocket-protocol: chat/i);
    expect(caller.answer).not.toContain(TEST_PASSWORD);
  });

  it('passes untouched, extensions included, with scrub: off', async () => {
    const extension = 'Sec-WebSocket-Extensions: permessage-deflate';
    const packed = frame('\x01\x02', { reserved: 0x40 });
    const speaks = { ...hostile(packed), headers: [extension] };
    proxy = await WebSocketPath.start(speaks, { registration: { response: { scrub: 'off' } } });
    const caller = await proxy.open((lines) => [...lines, extension]);
    expect(proxy.backend.requests[0]?.headers['sec-websocket-extensions']).toBe(
      'permessage-deflate',
    );
    expect(caller.answer).toMatch(/sec-websocket-extensions: permessage-deflate/i);
    caller.send('go');
    await until('the frame', () => caller.messages.length === 1);
    expect(caller.texts).toEqual(['\x01\x02']);
  });
});
