import { CallPath } from './call-path.js';

const GET = 'GET /proxy/ledger/accounts/42 HTTP/1.1\r\n';
const POST = 'POST /proxy/ledger/entries HTTP/1.1\r\nHost: p\r\n';

interface Denial {
  readonly reason: string;
  readonly detail: string;
  readonly client: { readonly ip: string };
  readonly count?: number;
}

/** What the parser of HTTP/1.1 refuses never becomes a call; that somebody tried is on record all the same. */
describe('a request that has no one reading', () => {
  let path: CallPath;
  beforeEach(async () => {
    path = await CallPath.start();
  });
  afterEach(() => path.stop());

  async function denials(): Promise<Denial[]> {
    await path.proxy.close(1_000);
    return path.parts.journal.events
      .filter(({ type }) => type === 'dev.postern.call.denied.v1')
      .map(({ data }) => data as unknown as Denial);
  }

  it.each([
    ['what is no request', 'hello\r\n\r\n', 400],
    ['a request line with a control character', 'GET /proxy/\x01 HTTP/1.1\r\nHost: p\r\n\r\n', 400],
    ['a header without a name', `${GET}Host: p\r\n: a\r\n\r\n`, 400],
    ['a folded header', `${GET}Host: p\r\nX-A: a\r\n b\r\n\r\n`, 400],
    ['a bare line feed', `${GET}Host: p\nX-A: a\r\n\r\n`, 400],
    ['two lengths', `${POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\na`, 400],
    [
      'a length and chunks',
      `${POST}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a head of more than 16 KiB', `${GET}Host: p\r\nX-A: ${'a'.repeat(17_000)}\r\n\r\n`, 431],
    ['no Host', `${GET}\r\n`, 400],
    ['no Host, and no call', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['CONNECT', 'CONNECT p:443 HTTP/1.1\r\nHost: p:443\r\n\r\n', 400],
    ['another expectation', `${GET}Host: p\r\nExpect: the-best\r\n\r\n`, 400],
  ])('leaves one event: %s', async (_, bytes, status) => {
    expect(await path.raw(bytes)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const [denial, ...more] = await denials();
    expect(more).toEqual([]);
    expect(denial).toMatchObject({ reason: 'ambiguous_request', client: { ip: '127.0.0.1' } });
    expect(denial?.detail).not.toMatch(/hello|aaaa/);
    expect(path.backend.seen).toEqual([]);
  });

  it('leaves two, one with a count, when it comes in a flood', async () => {
    const many = Array.from({ length: 30 }, () => path.raw('hello\r\n\r\n'));
    await Promise.all(many);
    expect((await denials()).map(({ count }) => count)).toEqual([undefined, 29]);
  });

  it('leaves none when its connection only ended, or when it was whole', async () => {
    const { plaintext } = await path.parts.issue();
    const authorization = `Authorization: Bearer ${plaintext}\r\n`;
    expect(await path.raw(`${GET}Host: p\r\n${authorization}Connection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 200 /,
    );
    expect(await denials()).toEqual([]);
  });
});
