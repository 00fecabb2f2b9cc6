import { type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { Backend, CallPath } from './call-path.js';

const CODES = [300, 301, 302, 303, 305, 307, 308];

/** Redirects of every kind: CVE-2024-28849, CVE-2023-45143, OneCLI #108. Nobody but the destination is ever contacted. */
describe('a redirect', () => {
  let elsewhere: Server;
  let contacts = 0;
  let path: CallPath;
  let answer: { status: number; location: string; header?: string } = { status: 302, location: '' };

  beforeAll(async () => {
    elsewhere = createServer((socket) => {
      contacts += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    path = await CallPath.start({
      respond: (_: unknown, response: ServerResponse) =>
        response
          .writeHead(answer.status, { [answer.header ?? 'location']: answer.location })
          .end('moved'),
    });
  });
  afterAll(async () => {
    await path.stop();
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  const port = (): number => (elsewhere.address() as AddressInfo).port;
  const own = (): string => path.backend.origin.slice('http://'.length);
  const places: readonly [string, () => string][] = [
    ['another port', () => `http://127.0.0.1:${port()}/steal`],
    ['another scheme', () => `https://127.0.0.1:${port()}/steal`],
    ['another host', () => `http://localhost:${port()}/steal`],
    ['another host, without a scheme', () => `//127.0.0.1:${port()}/steal`],
    ['another host, behind a backslash', () => `/\\127.0.0.1:${port()}/steal`],
    ['another host, behind three slashes', () => `///127.0.0.1:${port()}/steal`],
    ['another host, without slashes', () => `http:127.0.0.1:${port()}/steal`],
    ['another host, behind our own as userinfo', () => `http://${own()}@127.0.0.1:${port()}/steal`],
    ['no host at all', () => 'javascript:alert(1)'],
    ['its own place, over TLS', () => `https://${own()}/api/accounts/43`],
    ['its own place', () => `${path.backend.origin}/api/accounts/43`],
    ['its own place, by a path', () => '/api/accounts/43'],
    ['its own place, by a relative path', () => '43'],
    ['its own place, outside of the operations', () => '/api/admin'],
    ['its own place, by steps up', () => '../../../admin'],
    ['its own place, by a query', () => '?x=1'],
  ];

  it.each(CODES.flatMap((code) => places.map(([place, to]) => [code, place, to] as const)))(
    'by %i to %s is passed back and never followed; the method stays, and no credential leaves',
    async (status, _, to) => {
      answer = { status, location: to() };
      const before = path.backend.seen.length;
      const body = 'hello';
      const got = await path.call('/proxy/ledger/entries', { method: 'POST', body });
      expect([got.status, got.body]).toEqual([status, 'moved']);
      expect(path.backend.seen.slice(before).map(({ method, url }) => [method, url])).toEqual([
        ['POST', '/api/entries'],
      ]);
      expect(contacts).toBe(0);
      expect(got.rawHeaders.join('\n')).not.toContain('Basic');
    },
  );

  it.each(
    ['Refresh', 'Link', 'Content-Location', 'URI', 'X-Accel-Redirect', 'SourceMap'].flatMap(
      (header) => [200, 302, 307].map((status) => [header, status] as const),
    ),
  )(
    'by the header %s of a %i is followed as little, and takes no credential along',
    async (...row) => {
      const [header, status] = row;
      const secret = 'Gr8%2Fledger%2Bpass%22word%261987';
      for (const [, to] of places) {
        const location = header === 'Refresh' ? `0; url=${to()}` : to();
        answer = { status, header, location: `${location}#${secret}` };
        const before = path.backend.seen.length;
        const got = await path.call('/proxy/ledger/accounts/42');
        expect([got.status, got.body]).toEqual([status, 'moved']);
        expect(got.headers[header.toLowerCase()]).toBe(`${location}#${'*'.repeat(secret.length)}`);
        expect(path.backend.seen).toHaveLength(before + 1);
        expect(contacts).toBe(0);
      }
    },
  );

  it.each(['/api/../admin', '/api//x', '/api\\..\\admin', '/api/%2e%2e/admin', '/api/..;/admin'])(
    'into the destination by the odd path %s is no way around the next call',
    async (location) => {
      answer = { status: 302, location };
      const { headers } = await path.call('/proxy/ledger/accounts/42');
      const next = new URL(headers.location!, 'http://postern.example/proxy/ledger/accounts/42');
      const before = path.backend.seen.length;
      if (next.host === 'postern.example' && next.pathname.startsWith('/proxy/')) {
        answer = { status: 200, location };
        expect([400, 403]).toContain((await path.call(next.pathname)).status);
      }
      expect(path.backend.seen).toHaveLength(before);
    },
  );

  it('that asks for another proxy sends nothing there', async () => {
    const other = await Backend.start();
    answer = { status: 305, location: other.origin };
    expect((await path.call('/proxy/ledger/accounts/42')).status).toBe(305);
    expect(other.seen).toEqual([]);
    await other.stop();
  });
});
