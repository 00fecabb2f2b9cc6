import { answersIn, GET, head, SmugglingRig } from './smuggling-rig.js';

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const OK = 'HTTP/1.1 200 OK\r\n';
const CHUNKS = '5\r\nhello\r\n0\r\n\r\n';
const TOTAL_TIMEOUT_MS = 1_500;

const limits = {
  ...{ totalTimeoutMs: TOTAL_TIMEOUT_MS, connectTimeoutMs: 1_000, headersTimeoutMs: 1_000 },
  ...{ idleTimeoutMs: 1_000, requestBytesMax: 1024, responseBytesMax: Infinity },
  ...{ concurrencyMax: 64, audit: 'strict' as const },
};

let rig: SmugglingRig;
afterEach(() => rig.stop());

/** What the caller gets on its connection when the backend answers with these bytes. */
async function answered(bytes: string, ends = false): Promise<{ text: string; closed: boolean }> {
  rig.backend.script = (_, socket) => {
    if (!ends) return bytes;
    socket.end(bytes, 'latin1');
    return undefined;
  };
  return rig.send(head(GET, ''), { quietMs: 80, deadlineMs: 6_000 });
}

describe.each(['stream', 'off'] as const)('with scrub: %s, a backend that answers', (scrub) => {
  beforeEach(async () => {
    rig = await SmugglingRig.start({ response: { scrub }, call: limits });
  });

  it.each([
    [
      'chunks and a length',
      `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n${CHUNKS}`,
    ],
    [
      'a length and chunks',
      `${OK}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
    ],
    ['two lengths', `${OK}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello`],
    ['two different lengths', `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`],
    ['a list of lengths', `${OK}Content-Length: 5, 5\r\n\r\nhello`],
    ['a length with a sign', `${OK}Content-Length: +5\r\n\r\nhello`],
    ['a negative length', `${OK}Content-Length: -5\r\n\r\nhello`],
    ['a length that overflows', `${OK}Content-Length: 18446744073709551621\r\n\r\nhello`],
    [
      'a length that its reader may overflow on',
      `${OK}Content-Length: 18446744073709551615\r\n\r\nhello`,
    ],
    ['an empty length', `${OK}Content-Length: \r\n\r\nhello`],
    ['a space before the colon', `${OK}Content-Length : 5\r\n\r\nhello`],
    ['a folded header', `${OK}X: a\r\n b\r\nContent-Length: 5\r\n\r\nhello`],
    ['a folded coding', `${OK}Transfer-Encoding:\r\n chunked\r\n\r\n${CHUNKS}`],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'],
    ['a bare line feed in a header', `${OK}X: a\nY: b\r\nContent-Length: 5\r\n\r\nhello`],
    ['a head split by line feeds', `${OK}X: a\n\n${EVIL}`],
    ['a bare carriage return', `${OK}X: a\rY: b\r\nContent-Length: 5\r\n\r\nhello`],
    ['NUL in a value', `${OK}X: a\0b\r\nContent-Length: 5\r\n\r\nhello`],
    ['NUL in a name', `${OK}X\0: a\r\nContent-Length: 5\r\n\r\nhello`],
    ['a carriage return in the status', 'HTTP/1.1 200 O\rK\r\nContent-Length: 5\r\n\r\nhello'],
    ['a line feed in the status', 'HTTP/1.1 200 O\nX: y\r\nContent-Length: 5\r\n\r\nhello'],
    ['no status line', '<html>hello'],
    ['another protocol', 'ICY 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello'],
    ['a header of 20,000 bytes', `${OK}X: ${'a'.repeat(20_000)}\r\nContent-Length: 5\r\n\r\nhello`],
    ['headers without end', `${OK}${'X: a\r\n'.repeat(20_000)}`],
    ['a header without a name', `${OK}: x\r\nContent-Length: 5\r\n\r\nhello`],
    ['a line that is no header', `${OK}Xyz\r\nContent-Length: 5\r\n\r\nhello`],
    [
      'an interim answer with a length',
      `HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello`,
    ],
    ['an interim answer that nobody asked for', `HTTP/1.1 100 Continue\r\n\r\n${EVIL}`],
  ])('%s: the call is answered 502, and nothing of it passes', async (_, bytes) => {
    const { text } = await answered(bytes + EVIL);
    const { messages, rest } = answersIn(text);
    expect(messages.map(({ start }) => start)).toEqual(['HTTP/1.1 502 Bad Gateway']);
    expect([rest, /hello|evil/.test(text)]).toEqual(['', false]);
    await rig.assertClean();
  });

  it.each([
    ['line feeds between chunks', '5\nhello\n0\n\n'],
    ['a line feed in an extension', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
    ['no line end after a chunk', '5\r\nhello0\r\n\r\n'],
    ['what is no size', 'xyz\r\nhello\r\n0\r\n\r\n'],
    ['a negative size', '-5\r\nhello\r\n0\r\n\r\n'],
    ['a size that overflows', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
    ['framing in the trailers', '5\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n'],
    ['a folded trailer', '5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n'],
  ])('chunks with %s: the caller is cut, and sees no end', async (_, chunks) => {
    const { text, closed } = await answered(
      `${OK}Transfer-Encoding: chunked\r\n\r\n${chunks}${EVIL}`,
    );
    expect([closed, answersIn(text).messages, text.includes('evil')]).toEqual([true, [], false]);
    await rig.assertClean();
  });

  it.each<[string, string, string, boolean]>([
    ['a body and more', `${OK}Content-Length: 5\r\n\r\nhello${EVIL}`, 'hello', false],
    ['a body and NUL', `${OK}Content-Length: 5\r\n\r\nhello\0\0`, 'hello', false],
    [
      'extensions of chunks',
      `${OK}Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n${EVIL}`,
      'hello',
      false,
    ],
    [
      'a length that Connection names',
      `${OK}Connection: content-length\r\nContent-Length: 5\r\n\r\nhello${EVIL}`,
      'hello',
      false,
    ],
    [
      'chunks that Connection names',
      `${OK}Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n\r\n${CHUNKS}`,
      'hello',
      false,
    ],
    [
      'HTTP/1.0, to the end of the connection',
      `HTTP/1.0 200 OK\r\n\r\nhello${EVIL}`,
      `hello${EVIL}`,
      true,
    ],
    ['NUL in the status', `HTTP/1.1 200 O\0K\r\nContent-Length: 5\r\n\r\nhello`, 'hello', false],
    [
      'a reset with a body',
      `HTTP/1.1 205 Reset\r\nContent-Length: 5\r\n\r\nhello${EVIL}`,
      'hello',
      false,
    ],
    ['204 with chunks', `HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n`, '', false],
    [
      'a thousand interim answers',
      `${'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(1_000)}${OK}Content-Length: 5\r\n\r\nhello`,
      'hello',
      false,
    ],
  ])('%s: the caller sees one answer', async (_, bytes, body, ends) => {
    const { text } = await answered(bytes, ends);
    const { messages, rest, fault } = answersIn(text);
    expect([messages.map((message) => message.body), rest, fault]).toEqual([[body], '', '']);
    await rig.assertClean();
  });

  it.each([
    ['204 with a body', `HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello${EVIL}`],
    ['304 with a body', `HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello${EVIL}`],
  ])('%s: the body passes nowhere', async (_, bytes) => {
    const { text } = await answered(bytes);
    expect(answersIn(text).messages.length).toBeLessThan(2);
    expect(text).not.toMatch(/hello|evil/);
    await rig.assertClean();
  });

  it.each([
    [
      'switches protocols',
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
      false,
    ],
    ['ends early', `${OK}Content-Length: 50\r\n\r\nhello`, true],
    ['sends nothing', '', true],
  ])('and %s: the call ends, and never as a whole answer of 2xx', async (_, bytes, ends) => {
    const { text } = await answered(bytes, ends);
    const whole = answersIn(text).messages.map(({ start }) => start);
    expect(whole.filter((start) => !/^HTTP\/1\.1 50[24] /.test(start))).toEqual([]);
    await rig.assertClean();
  });

  it('interim answers without end: the call ends in time', async () => {
    rig.backend.script = (_, socket) => {
      const flood = setInterval(() => socket.write('HTTP/1.1 103 Early Hints\r\n\r\n'), 5);
      socket.once('close', () => clearInterval(flood));
      return undefined;
    };
    const { text } = await rig.send(head(GET, ''), { quietMs: 80, deadlineMs: 6_000 });
    expect(answersIn(text).messages.map(({ start }) => start)).toEqual([
      'HTTP/1.1 504 Gateway Timeout',
    ]);
  });
});
