import { answersIn, GET, head, POST, SmugglingRig } from './smuggling-rig.js';

const HEADER_BLOCK_BYTES = 16 * 1024;
const REQUEST_LINE_BYTES = 8 * 1024;

/** The limits of what is read of a request before anybody is believed, each at its edge. */
describe('a request', () => {
  let rig: SmugglingRig;
  beforeAll(async () => {
    rig = await SmugglingRig.start();
  });
  afterAll(() => rig.stop());
  beforeEach(() => rig.forget());

  const statusOf = async (bytes: string): Promise<string> => {
    const { text } = await rig.send(bytes, { quietMs: 50 });
    return text.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length);
  };
  const rules = (): (string | undefined)[] =>
    rig.path.parts.journal.of('dev.postern.call.denied.v1').map(({ detail }) => detail);
  /** The handle counts with its real length, not with that of what stands for it. */
  const withLine = (bytes: number): string => {
    const frame = 'GET /proxy/ledger/accounts/ HTTP/1.1'.length;
    return head(`GET /proxy/ledger/accounts/${'a'.repeat(bytes - frame)} HTTP/1.1\r\n`, '');
  };
  const withHeaders = (count: number): string => head(GET, 'X: a\r\n'.repeat(count - 2));

  it('has a request line of 8 KiB', async () => {
    expect(await statusOf(withLine(REQUEST_LINE_BYTES))).toBe('200');
  });

  it('of one byte more in its request line is refused, with an event', async () => {
    await rig.assertRefused(withLine(REQUEST_LINE_BYTES + 1));
    expect(rules().at(-1)).toMatch(/^ambiguous request \(request-line-length\)/);
  });

  it('has a hundred headers', async () => {
    expect(await statusOf(withHeaders(100))).toBe('200');
  });

  it.each([101, 199, 200, 201, 1_000])('of %i headers is refused', (count) =>
    rig.assertRefused(withHeaders(count)),
  );

  it('of 101 headers leaves an event', async () => {
    rig.path.parts.clock.advance(10);
    await rig.assertRefused(withHeaders(101));
    expect(rules().at(-1)).toMatch(/^ambiguous request \(header-count\)/);
  });

  it('has no framing header behind the last one that Node keeps', async () => {
    await rig.assertRefused(
      `${head(POST, `${'X: a\r\n'.repeat(300)}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n`)}0\r\n\r\n`,
    );
  });

  it.each([
    ['in one header', `X: ${'a'.repeat(HEADER_BLOCK_BYTES)}\r\n`],
    ['in many', `X: ${'a'.repeat(400)}\r\n`.repeat(41)],
    ['in a name', `${'X'.repeat(HEADER_BLOCK_BYTES)}: a\r\n`],
    ['in trailers', ''],
  ])(
    'of more than 16 KiB %s is refused by 431 or 400, and the connection closed',
    async (_, fields) => {
      const trailers = `${head(POST, 'Transfer-Encoding: chunked\r\n')}0\r\nX: ${'a'.repeat(2 * HEADER_BLOCK_BYTES)}\r\n\r\n`;
      const { text, closed } = await rig.send(fields === '' ? trailers : head(GET, fields));
      expect(answersIn(text).messages.map(({ start }) => start)).toEqual([
        expect.stringMatching(/^HTTP\/1\.1 4(?:31|00) /),
      ]);
      expect([closed, rig.backend.requests]).toEqual([true, []]);
    },
  );

  it('of less than 16 KiB in its headers is forwarded', async () => {
    expect(await statusOf(head(GET, `X: ${'a'.repeat(HEADER_BLOCK_BYTES - 1024)}\r\n`))).toBe(
      '200',
    );
  });

  it.each([
    ['announced', (size: number) => head(POST, `Content-Length: ${size}\r\n`)],
    [
      'chunked',
      (size: number) => `${head(POST, 'Transfer-Encoding: chunked\r\n')}${size.toString(16)}\r\n`,
    ],
  ])('with a body over the limit of its resource, %s, is refused by 413', async (_, begin) => {
    const size = 1024 * 1024 + 1;
    expect(await statusOf(`${begin(size)}${'x'.repeat(size)}\r\n0\r\n\r\n`)).toBe('413');
    expect(rig.backend.requests).toEqual([]);
  });
});
