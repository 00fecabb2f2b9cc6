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
  reset,
  type WireOutcome,
} from './http2-wire.js';
import { RawBackend } from './raw-sockets.js';
import { CallPath } from './call-path.js';

const ACCOUNT = '/proxy/ledger/accounts/42';
const HIDDEN = 'GET /api/accounts/hidden HTTP/1.1\r\nHost: p\r\n\r\n';
const NO_ERROR = 0;
const PROTOCOL_ERROR = 1;
const CANCEL = 8;

let backend: RawBackend;
let h2: Http2Path;
let http1: CallPath;
let authorization: string;
beforeAll(async () => {
  backend = await RawBackend.start();
  h2 = await Http2Path.start({ registration: { destination: `${backend.origin}/api` } });
  http1 = await CallPath.start();
  const scopes = ['ledger.read', 'ledger.post'];
  const { plaintext } = await h2.path.parts.issue({ scopes, maxCalls: 1_000 });
  authorization = `Bearer ${plaintext}`;
});
beforeEach(() => backend.forget());
afterAll(async () => {
  await h2.stop();
  await http1.stop();
  await backend.stop();
});

const get = (...more: Fields): Fields => [
  ...([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'postern.example'],
    [':path', ACCOUNT],
    ['authorization', authorization],
  ] as const),
  ...more,
];
const post = (...more: Fields): Fields =>
  with_(':path', '/proxy/ledger/entries', with_(':method', 'POST', get(...more)));
const with_ = (name: string, value: string, fields = get()): Fields =>
  fields.map((field) => (field[0] === name ? [name, value] : field));
const without = (...names: string[]): Fields => get().filter(([name]) => !names.includes(name));

async function sent(...frames: Buffer[]): Promise<WireOutcome> {
  const wire = await Http2Wire.open(h2.path.port);
  wire.write(...frames);
  const outcome = await wire.outcome();
  wire.destroy();
  return outcome;
}
const data = (text: string, flags = END_STREAM): Buffer => frame(FRAME.data, flags, 1, text);

/** The next call gets its own answer: no connection to the backend holds anything of the one before. */
async function assertClean(): Promise<void> {
  backend.forget();
  const answer = await http2Answer(h2.session.request({ ':path': ACCOUNT, authorization }));
  expect([answer.status, answer.body]).toEqual([200, 'ok']);
  expect(backend.requests.map(({ start }) => start)).toEqual(['GET /api/accounts/42 HTTP/1.1']);
  expect(backend.faults).toEqual([]);
}

it('a request that breaks no rule is answered, by the same path as those that do', async () => {
  expect(await sent(headers(get()))).toEqual({ status: 200 });
  expect(await sent(headers(post(), END_HEADERS), data('a=b'))).toEqual({ status: 200 });
  expect(backend.requests.map(({ start, body }) => [start, body])).toEqual([
    ['GET /api/accounts/42 HTTP/1.1', ''],
    ['POST /api/entries HTTP/1.1', 'a=b'],
  ]);
});

describe('a head that HTTP/1.1 would read otherwise is refused, and the backend sees nothing:', () => {
  it.each<[string, () => Fields]>([
    ['a name in upper case', () => get(['X-A', 'b'])],
    ['connection', () => get(['connection', 'close'])],
    ['connection that names authorization', () => get(['connection', 'authorization'])],
    ['keep-alive', () => get(['keep-alive', 'timeout=5'])],
    ['proxy-connection', () => get(['proxy-connection', 'keep-alive'])],
    ['transfer-encoding', () => get(['transfer-encoding', 'chunked'])],
    ['upgrade', () => get(['upgrade', 'websocket'])],
    ['http2-settings', () => get(['http2-settings', 'AAMAAABkAARAAAAAAAIAAAAA'])],
    ['te other than trailers', () => get(['te', 'gzip, trailers'])],
    ['a method with a space', () => with_(':method', 'GET /proxy/other')],
    ['a method with a line', () => with_(':method', `GET / HTTP/1.1\r\nHost: p\r\n\r\nGET`)],
    ['no method', () => without(':method')],
    ['a path with a space', () => with_(':path', `${ACCOUNT} HTTP/1.1`)],
    ['a path with a line', () => with_(':path', `${ACCOUNT} HTTP/1.1\r\nHost: p\r\n\r\n${HIDDEN}`)],
    ['a path in absolute form', () => with_(':path', `https://other.example${ACCOUNT}`)],
    ['a path in authority form', () => with_(':path', 'other.example:443')],
    ['an empty path', () => with_(':path', '')],
    ['an asterisk', () => with_(':path', '*')],
    ['a path outside of ASCII', () => with_(':path', '/proxy/ledger/accounts/\xe9')],
    ['no path', () => without(':path')],
    ['two paths', () => get([':path', '/proxy/ledger/accounts/hidden'])],
    ['two methods', () => [[':method', 'POST'], ...get()]],
    ['two authorities', () => [[':authority', 'other.example'], ...get()]],
    ['two schemes', () => [[':scheme', 'https'], ...get()]],
    ['another scheme', () => with_(':scheme', 'http')],
    ['a scheme with a path', () => with_(':scheme', 'https://other.example/')],
    ['no scheme', () => without(':scheme')],
    ['a pseudo header behind a header', () => [['x-a', 'b'], ...get()]],
    ['an unknown pseudo header', () => [[':x', 'b'], ...get()]],
    ['the pseudo header of an answer', () => [[':status', '200'], ...get()]],
    ['an authority with userinfo', () => with_(':authority', 'user@postern.example')],
    ['an authority with a path', () => with_(':authority', 'postern.example/other')],
    ['an authority with a space', () => with_(':authority', 'postern.example other')],
    ['an authority with a line', () => with_(':authority', 'postern.example\r\nX-A: b')],
    ['an empty authority', () => with_(':authority', '')],
    ['neither authority nor host', () => without(':authority')],
    ['a host that says something else', () => get(['host', 'other.example'])],
    ['two hosts', () => get(['host', 'postern.example'], ['host', 'postern.example'])],
    ['a host with userinfo', () => [...without(':authority'), ['host', 'user@postern.example']]],
    ['a length without a body', () => get(['content-length', '5'])],
    ['two lengths', () => get(['content-length', '0'], ['content-length', '5'])],
    ['the same length twice', () => get(['content-length', '0'], ['content-length', '0'])],
    ['a list of lengths', () => get(['content-length', '0, 0'])],
    ['a length that is no number', () => get(['content-length', '+0'])],
    [
      'CONNECT',
      () => [
        [':method', 'CONNECT'],
        [':authority', 'postern.example:443'],
      ],
    ],
    [
      'an extended CONNECT (RFC 8441)',
      () => [[':protocol', 'websocket'], ...with_(':method', 'CONNECT')],
    ],
  ])('%s', async (_, fields) => {
    const outcome = await sent(headers(fields()));
    expect([400, undefined]).toContain(outcome.status);
    expect([PROTOCOL_ERROR, undefined]).toContain(outcome.reset);
    expect(backend.bytes).toBe('');
    await assertClean();
  });
});

describe('a header that is none leaves one request without it, or none:', () => {
  it.each<[string, readonly [string, string]]>([
    ['a value with a line', ['x-a', 'b\r\nevil: c']],
    ['a value with a request', ['x-a', `b\r\n\r\n${HIDDEN}`]],
    ['a value with a line feed', ['x-a', 'b\nevil: c']],
    ['a value with a carriage return', ['x-a', 'b\revil: c']],
    ['a value with a NUL', ['x-a', 'evil\0']],
    ['a value with a control character', ['x-a', 'evil\x01']],
    ['a value in white space', ['x-a', ' evil ']],
    ['a name with a line', ['x-a: b\r\nevil', 'c']],
    ['a name with a space', ['evil name', 'c']],
    ['a name with a colon', ['evil:name', 'c']],
    ['an empty name', ['', 'evil']],
    ['a length with a line', ['content-length', '0\r\ntransfer-encoding: evil']],
    ['a second credential', ['authorization', 'Basic evil\r\nx: y']],
  ])('%s', async (_, field) => {
    const outcome = await sent(headers(get(field)));
    expect(backend.bytes).not.toMatch(/evil|hidden/);
    expect(backend.faults).toEqual([]);
    expect(backend.requests).toHaveLength(outcome.status === 200 ? 1 : 0);
    await assertClean();
  });
});

describe('a body that is not what its head says never passes for a whole one:', () => {
  it.each<[string, () => Buffer[]]>([
    ['more than none', () => [headers(post(['content-length', '0']), 4), data(HIDDEN)]],
    ['more than announced', () => [headers(post(['content-length', '3']), 4), data('abcdef')]],
    ['less than announced', () => [headers(post(['content-length', '9']), 4), data('abc')]],
    [
      'less than announced, then trailers',
      () => [
        headers(post(['content-length', '9']), 4),
        data('abc', 0),
        headers([['x-a', 'b']], END_STREAM | END_HEADERS),
      ],
    ],
    [
      'chunks of HTTP/1.1',
      () => [headers(post(['transfer-encoding', 'chunked']), 4), data(`0\r\n\r\n${HIDDEN}`)],
    ],
    [
      'pseudo headers behind it',
      () => [headers(post(), 4), data('abc', 0), headers([[':path', '/proxy/ledger/hidden']])],
    ],
    ['a reset in its middle', () => [headers(post(), 4), data('abc', 0), reset(CANCEL)]],
    [
      'a reset without an error in its middle',
      () => [headers(post(), 4), data('abc', 0), reset(NO_ERROR)],
    ],
    [
      'such a reset of what has a length',
      () => [headers(post(['content-length', '9']), 4), data('abc', 0), reset(NO_ERROR)],
    ],
  ])('%s', async (_, frames) => {
    const wire = await Http2Wire.open(h2.path.port);
    wire.write(...frames(), frame(FRAME.ping, 0, 0, '12345678'));
    await pause(50); // For what must not come of it.
    wire.destroy();
    expect(backend.requests).toEqual([]);
    expect(backend.bytes).not.toContain('\r\n0\r\n\r\n');
    await assertClean();
  });

  it('bytes of another request in a body stay in that body', async () => {
    const body = `0\r\n\r\n${HIDDEN}`;
    expect(await sent(headers(post(), END_HEADERS), data(body))).toEqual({ status: 200 });
    expect(backend.requests.map((request) => request.body)).toEqual([body]);
    expect(backend.faults).toEqual([]);
    await assertClean();
  });

  it('trailers of a request go nowhere', async () => {
    const frames = [data('abc', 0), headers([['authorization', 'Basic evil']])];
    expect(await sent(headers(post(), END_HEADERS), ...frames)).toEqual({ status: 200 });
    expect(backend.requests.map(({ body }) => body)).toEqual(['abc']);
    expect(backend.bytes).not.toContain('evil');
  });
});

it.each([
  '/proxy/ledger/accounts/../entries/1',
  '/proxy/ledger/accounts/%2e%2e/x',
  '/proxy/ledger/accounts/%252e%252e/x',
  '/proxy/ledger/accounts/a%2fb',
  '/proxy/ledger/accounts/a%5cb',
  '/proxy/ledger/accounts/a\\b',
  '/proxy/ledger/accounts//42',
  '/proxy/ledger/accounts;a=b/42',
  '/proxy/ledger/accounts/42%00',
  '/proxy/ledger/accounts/%zz',
  '/proxy/ledger/accounts/%c0%ae',
  '/proxy/ledger/accounts/42#a',
  '/proxy/Ledger/accounts/42',
  '/proxy/ledger/accounts/42?access_token=a',
])('a path is judged byte for byte as that of HTTP/1.1: %s', async (target) => {
  const two = await http2Answer(h2.session.request({ ':path': target, authorization }));
  const one = await http1.call(target);
  expect(one.status).toBe(400);
  expect(two.status).toBe(one.status);
  expect(two.headers['postern-error']).toBe(one.headers['postern-error']);
  expect(two.body).toBe(one.body);
});

it('what is refused here leaves its event, a flood of it two', async () => {
  const own = await Http2Path.start();
  const more = { ':authority': 'postern.example', host: 'other.example' };
  const refused = async (): Promise<number> =>
    (await own.call('GET', ACCOUNT, { headers: more })).status;
  const many = Array.from({ length: 20 }, refused);
  expect(await Promise.all(many)).toEqual(many.map(() => 400));
  await own.path.proxy.close(1_000);
  expect(own.denials).toHaveLength(2);
  expect(own.denials[0]).toContain('HTTP/2: Host says something else than the authority');
  expect(own.path.backend.seen).toEqual([]);
  await own.stop();
});

it('nobody is pushed anything, and no tunnel is offered', async () => {
  const wire = await Http2Wire.open(h2.path.port);
  wire.write(headers(get()));
  await wire.outcome();
  const settings = wire.frames.find(({ type }) => type === FRAME.settings)!.payload;
  const pairs = Array.from({ length: settings.length / 6 }, (_, index) => [
    settings.readUInt16BE(index * 6),
    settings.readUInt32BE(index * 6 + 2),
  ]);
  expect(Object.fromEntries(pairs)).toEqual({ 2: 0, 3: 100, 6: 16 * 1024, 8: 0 });
  wire.destroy();
});

it('a header block is not read on before it has ended', async () => {
  const wire = await Http2Wire.open(h2.path.port);
  const whole = block(get());
  wire.write(
    frame(FRAME.headers, END_STREAM, 1, whole.slice(0, 20)),
    frame(FRAME.continuation, END_HEADERS, 1, whole.slice(20)),
  );
  expect(await wire.outcome()).toEqual({ status: 200 });
  wire.destroy();
});
