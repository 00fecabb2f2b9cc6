import { constants } from 'node:http2';
import { setTimeout as pause } from 'node:timers/promises';
import { http2Answer, Http2Path } from './http2-path.js';
import {
  block,
  END_HEADERS,
  END_STREAM,
  type Fields,
  frame,
  FRAME,
  headers,
  Http2Wire,
  type WireOutcome,
  reset,
} from './http2-wire.js';

const ACCOUNT = '/proxy/ledger/accounts/42';
const { NGHTTP2_CANCEL, NGHTTP2_ENHANCE_YOUR_CALM, NGHTTP2_REFUSED_STREAM } = constants;
/** More than a connection may have at once. */
const FLOOD = 600;

/** What a caller of HTTP/2 can make us do for nothing has an end. */
describe('a flood of HTTP/2', () => {
  let h2: Http2Path;
  let fields: Fields;
  beforeAll(async () => {
    h2 = await Http2Path.start({ respond: () => undefined });
    const { plaintext } = await h2.path.parts.issue({ maxCalls: 1_000 });
    fields = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'postern.example'],
      [':path', ACCOUNT],
      ['authorization', `Bearer ${plaintext}`],
    ];
  });
  afterAll(() => h2.stop());

  async function flood(...frames: readonly Buffer[]): Promise<number | undefined> {
    const wire = await Http2Wire.open(h2.path.port);
    wire.write(...frames);
    const code = await wire.end();
    wire.destroy();
    return code;
  }
  const times = (make: (index: number) => Buffer): Buffer[] =>
    Array.from({ length: FLOOD }, (_, index) => make(index));

  it.each<[string, () => Buffer[]]>([
    [
      'requests that are reset at once (CVE-2023-44487)',
      () =>
        times((index) =>
          Buffer.concat([
            headers(fields, END_STREAM | END_HEADERS, 2 * index + 1),
            reset(NGHTTP2_CANCEL, 2 * index + 1),
          ]),
        ),
    ],
    ['PING', () => times(() => frame(FRAME.ping, 0, 0, '12345678'))],
    ['SETTINGS', () => times(() => frame(FRAME.settings, 0, 0))],
  ])('ends the connection: %s', async (_, frames) => {
    // A GOAWAY is lost where what was sent on is still unread when the connection ends.
    expect([NGHTTP2_ENHANCE_YOUR_CALM, undefined]).toContain(await flood(...frames()));
  });

  it.each<[string, () => Buffer[]]>([
    [
      'CONTINUATION without an end (CVE-2024-27983)',
      () => [
        frame(FRAME.headers, END_STREAM, 1, block(fields)),
        ...times((index) => frame(FRAME.continuation, 0, 1, block([[`x-${index}`, 'a']]))),
      ],
    ],
    [
      'requests that make us reset them',
      () => times((index) => headers([[':method', 'GET']], 5, 2 * index + 1)),
    ],
    [
      'DATA with nothing in it (CVE-2019-9518)',
      () => [headers(fields, END_HEADERS), ...times(() => frame(FRAME.data, 0, 1))],
    ],
  ])('ends the connection: %s', async (_, frames) => {
    // What it says last may be lost: a socket that is closed while more comes in is reset.
    expect(await flood(...frames())).not.toBe(0);
  });

  it('is told to go away for what is no HTTP/2', async () => {
    const wire = await Http2Wire.open(h2.path.port);
    wire.write(Buffer.from('GET / HTTP/1.1\r\nHost: p\r\n\r\n'));
    expect((await wire.outcome()).goaway).toBeGreaterThan(0);
    wire.destroy();
  });

  it('has its requests refused beyond 100 at once, which the rest does not notice', async () => {
    const own = await Http2Path.start({ respond: () => undefined });
    const { plaintext } = await own.path.parts.issue({ maxCalls: 1_000 });
    const wire = await Http2Wire.open(own.path.port);
    const authorization = ['authorization', `Bearer ${plaintext}`] as const;
    const mine = [...fields.slice(0, 4), authorization];
    const open = (stream: number): Buffer => headers(mine, END_STREAM | END_HEADERS, stream);
    wire.write(...Array.from({ length: 101 }, (_, index) => open(2 * index + 1)));
    expect(await wire.outcome(201)).toEqual({ reset: NGHTTP2_REFUSED_STREAM });
    await pause(50);
    expect(wire.ended).toBe(false);
    wire.destroy();
    await own.stop();
  });
});

describe('the head of a request of HTTP/2', () => {
  let h2: Http2Path;
  beforeAll(async () => {
    h2 = await Http2Path.start();
  });
  afterAll(() => h2.stop());
  const ask = async (more: Fields): Promise<WireOutcome> => {
    const { plaintext } = await h2.path.parts.issue();
    const wire = await Http2Wire.open(h2.path.port);
    const fields: Fields = [
      [':method', 'GET'],
      [':scheme', 'https'],
      [':authority', 'postern.example'],
      [':path', ACCOUNT],
      ['authorization', `Bearer ${plaintext}`],
      ...more,
    ];
    const whole = block(fields);
    const parts = Array.from({ length: Math.ceil(whole.length / 16_000) }, (_, index) =>
      whole.slice(index * 16_000, (index + 1) * 16_000),
    );
    wire.write(
      ...parts.map((part, index) =>
        frame(
          index === 0 ? FRAME.headers : FRAME.continuation,
          (index === 0 ? END_STREAM : 0) | (index === parts.length - 1 ? END_HEADERS : 0),
          1,
          part,
        ),
      ),
    );
    const outcome = await wire.outcome();
    wire.destroy();
    return outcome;
  };
  const many = (count: number): Fields =>
    Array.from({ length: count }, (_, index) => [`x-${index}`, 'a'] as const);

  it('is as large as one of HTTP/1.1 may be: 16 KiB and 100 headers', async () => {
    expect(await ask([['x-a', 'a'.repeat(15_000)]])).toEqual({ status: 200 });
    expect(await ask(many(90))).toEqual({ status: 200 });
    h2.path.backend.seen.splice(0);
    expect(
      (
        await ask([
          ['x-a', 'a'.repeat(9_000)],
          ['x-b', 'a'.repeat(9_000)],
        ])
      ).status,
    ).not.toBe(200);
    expect((await ask([['x-a', 'a'.repeat(70_000)]])).status).not.toBe(200);
    expect(await ask(many(101))).toEqual({ status: 400 });
    expect((await ask(many(300))).status).toBeUndefined();
    expect(h2.path.backend.seen).toEqual([]);
  });

  it('takes no more crumbs of a cookie than other headers', async () => {
    const crumbs = Array.from({ length: 150 }, (_, index) => ['cookie', `c${index}=a`] as const);
    expect(await ask(crumbs)).toEqual({ status: 200 });
    const crumbled = Array.from({ length: 250 }, (_, index) => ['cookie', `c${index}=a`] as const);
    expect((await ask(crumbled)).status).toBeUndefined();
  });

  it('is told beforehand how large it may be', async () => {
    const answer = await http2Answer(h2.session.request({ ':path': '/nowhere' }));
    expect(answer.status).toBe(404);
    expect(h2.session.remoteSettings).toMatchObject({
      maxHeaderListSize: 16 * 1024,
      maxConcurrentStreams: 100,
      enablePush: false,
    });
  });
});
