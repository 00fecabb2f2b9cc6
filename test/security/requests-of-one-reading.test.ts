import fc from 'fast-check';
import { answersIn, CHUNKED, GET, head, HIDDEN, POST, SmugglingRig } from './smuggling-rig.js';
import { readStrictly, valuesOf } from './strict-http.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const COMBINATIONS = long ? 3_000 : 200;
const AT_ONCE = 20;
const TIMEOUT_MS = long ? 900_000 : 180_000;

let rig: SmugglingRig;
beforeAll(async () => {
  rig = await SmugglingRig.start();
});
afterAll(() => rig.stop());
beforeEach(() => rig.forget());

const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';

describe('what has one reading only', () => {
  it.each<[string, string, string]>([
    ['a length', `${head(POST, 'Content-Length: 5\r\n')}hello`, 'hello'],
    ['a length with leading zeros', `${head(POST, 'Content-Length: 05\r\n')}hello`, 'hello'],
    ['chunks', head(POST, CHUNKED) + CHUNKS, 'hello'],
    ['chunks, spelled otherwise', head(POST, 'tRANSFER-eNCODING:\tCHUNKED \r\n') + CHUNKS, 'hello'],
    ['chunk extensions', `${head(POST, CHUNKED)}5;a="b"\r\nhello\r\n00;c\r\n\r\n`, 'hello'],
    ['many leading zeros', `${head(POST, CHUNKED)}00000005\r\nhello\r\n0\r\n\r\n`, 'hello'],
    [
      'trailers, which are dropped',
      `${head(POST, CHUNKED)}5\r\nhello\r\n0\r\nHost: evil\r\nAuthorization: Basic x\r\n\r\n`,
      'hello',
    ],
    [
      'a header that only CGI takes for the framing',
      head(POST, 'Transfer_Encoding: chunked\r\nContent_Length: 99\r\n'),
      '',
    ],
    [
      'a length that Connection names',
      `${head(POST, 'Content-Length: 5\r\nConnection: content-length\r\n')}hello`,
      'hello',
    ],
    [
      'a request in a body',
      head(POST, `Content-Length: ${'GET /api/hidden HTTP/1.1\r\n\r\n'.length}\r\n`) +
        'GET /api/hidden HTTP/1.1\r\n\r\n',
      'GET /api/hidden HTTP/1.1\r\n\r\n',
    ],
    ['a body of GET', `${head(GET, 'Content-Length: 5\r\n')}hello`, 'hello'],
    [
      'an offer of h2c',
      head(
        GET,
        'Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n',
      ),
      '',
    ],
    ['empty lines in front', `\r\n\r\n${head(GET, '')}`, ''],
  ])('%s is forwarded as one request', async (_, bytes, body) => {
    const { text } = await rig.send(bytes, { quietMs: 50 });
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(rig.backend.faults).toEqual([]);
    expect(rig.backend.requests.map((request) => request.body)).toEqual([body]);
    const [request] = rig.backend.requests;
    expect(request?.trailers).toEqual([]);
    expect(JSON.stringify(request?.headers)).not.toMatch(
      /evil|content_length|transfer_encoding|upgrade|http2/i,
    );
    await rig.assertClean();
  });

  it('is forwarded as two where it is two: each has its own handle, answer and request', async () => {
    const first = `${head(POST, 'Content-Length: 5\r\n')}hello`;
    const { text } = await rig.send(first + HIDDEN, { quietMs: 500 });
    const paths = ['/api/entries', '/api/accounts/hidden'];
    expect(answersIn(text).messages.map(({ body }) => body)).toEqual(paths);
    expect(rig.backend.requests.map(({ start }) => start.split(' ')[1])).toEqual(paths);
  });

  it('is forwarded in turn: the second is not sent before the first was answered', async () => {
    const order: string[] = [];
    rig.backend.script = ({ start }, socket) => {
      const path = start.split(' ')[1] ?? '';
      order.push(`asked ${path}`);
      setTimeout(() => {
        order.push(`answered ${path}`);
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`);
      }, 20);
      return undefined;
    };
    await rig.send(head(GET, '') + HIDDEN, { quietMs: 500 });
    const [first, second] = ['/api/accounts/42', '/api/accounts/hidden'];
    expect(order).toEqual([first, second].flatMap((path) => [`asked ${path}`, `answered ${path}`]));
  });

  it('may wait 16 deep; a connection with more is cut', async () => {
    rig.backend.script = () => undefined;
    const { text, closed } = await rig.send(head(GET, '').repeat(18), { deadlineMs: 2_000 });
    expect([text, closed]).toEqual(['', true]);
    expect(rig.backend.requests.length).toBeLessThan(2);
  });

  it('is cut when CONNECT comes before its answer: no answer is written into another', async () => {
    rig.backend.script = () => undefined;
    const connect = 'CONNECT p:80 HTTP/1.1\r\nHost: p\r\n\r\n';
    const { text, closed } = await rig.send(head(GET, '') + connect, { deadlineMs: 2_000 });
    expect([text, closed]).toEqual(['', true]);
    await rig.assertClean();
  });
});

const oneOf = (...texts: string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const field = fc
  .tuple(
    oneOf(
      ...['Transfer-Encoding', 'transfer-encoding', 'Content-Length', 'CONTENT-LENGTH', 'X'],
      ...['Transfer_Encoding', 'Content_Length', 'Transfer-Encoding ', ' Content-Length', 'Expect'],
    ),
    oneOf(':', ': ', ': ', ':\t', ':  ', ':\x0b', ':\r\n '),
    oneOf(
      ...['chunked', 'chunked', 'CHUNKED', 'identity', 'gzip, chunked', 'chunked, identity', ''],
      ...['0', '5', '5', '15', '40', '05', '+5', '5, 5', '100-continue', '\0', 'xchunked'],
    ),
    oneOf('\r\n', '\r\n', '\r\n', '\r\n', '\n', ' \r\n', '\r', '\r\n\t\r\n'),
  )
  .map((parts) => parts.join(''));
const piece = oneOf(
  ...[
    '5\r\n',
    'hello',
    '\r\n',
    '0\r\n\r\n',
    CHUNKS,
    CHUNKS,
    '5;x\r\n',
    '5\nhello',
    '0\r\nX: y\r\n\r\n',
  ],
  ...['5 \r\n', 'a\r\n', '\n', '\r', 'GET /api/hidden HTTP/1.1\r\nHost: p\r\n\r\n', '00\r\n\r\n'],
);
const combination = fc.record({
  line: oneOf(POST, POST, POST, POST.replace('1.1', '1.0'), GET),
  fields: fc.oneof(
    fc.array(field, { minLength: 1, maxLength: 3 }).map((lines) => lines.join('')),
    oneOf('Content-Length: 5\r\n', CHUNKED, 'Content-Length: 0\r\n', 'X: y\r\n'),
  ),
  body: fc.array(piece, { maxLength: 4 }).map((pieces) => pieces.join('')),
});

describe('any combination of framing headers and bodies', () => {
  /** In front of a hidden request without a handle, which may be answered and never be forwarded. */
  const hidden = 'GET /proxy/ledger/accounts/hidden HTTP/1.1\r\nHost: p\r\n\r\n';

  it(
    'is one request to the backend, read in one way, or none',
    async () => {
      const sent = fc
        .sample(combination, COMBINATIONS)
        .map(
          ({ line, fields, body }, index) =>
            `${head(line, `X-Case: ${index}\r\n${fields}`)}${body}${hidden}`,
        );
      for (let from = 0; from < sent.length; from += AT_ONCE) {
        const batch = sent.slice(from, from + AT_ONCE);
        const answers = await Promise.all(
          batch.map((bytes) => rig.send(bytes, { deadlineMs: 300, quietMs: 60 })),
        );
        for (const { text } of answers) expect([text, answersIn(text).rest]).toEqual([text, '']);
      }
      expect(rig.backend.faults).toEqual([]);
      expect(rig.backend.requests.length).toBeGreaterThan(COMBINATIONS / 10);
      const cases = rig.backend.requests.map((request) => Number(valuesOf(request, 'x-case')[0]));
      expect(new Set(cases).size).toBe(cases.length);
      rig.backend.requests.forEach(({ start, body }, index) => {
        expect(start).toMatch(/^(?:POST \/api\/entries|GET \/api\/accounts\/42) HTTP\/1\.1$/);
        const reading = readStrictly(sent[cases[index]!]!, 'request');
        if (reading.kind === 'whole') expect(body).toBe(reading.message.body);
      });
      await rig.assertClean();
    },
    TIMEOUT_MS,
  );
});
