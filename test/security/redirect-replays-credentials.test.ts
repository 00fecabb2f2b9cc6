import { type ServerResponse } from 'node:http';
import { Backend, CallPath } from './call-path.js';

/** Redirect replays credentials: CVE-2024-28849, CVE-2023-45143, OneCLI #108. */
describe('a redirect takes no credential anywhere', () => {
  let elsewhere: Backend;
  let path: CallPath;
  let location = '';
  let status = 302;

  beforeAll(async () => {
    elsewhere = await Backend.start();
    const respond = (_: unknown, response: ServerResponse): void => {
      response.writeHead(status, { location }).end();
    };
    path = await CallPath.start({ respond });
  });
  afterAll(async () => {
    await path.stop();
    await elsewhere.stop();
  });

  it.each([301, 302, 303, 307, 308])('passes %i back and contacts nobody else', async (code) => {
    status = code;
    location = `${elsewhere.origin}/steal`;
    const before = path.backend.seen.length;
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect([answer.status, answer.headers.location]).toEqual([code, location]);
    expect(elsewhere.seen).toHaveLength(0);
    expect(path.backend.seen).toHaveLength(before + 1);
  });

  it.each([
    ['another host', () => 'http://evil.example/api/accounts/43'],
    ['another scheme', () => path.backend.origin.replace('http:', 'https:') + '/api/accounts/43'],
    ['another port', () => 'http://127.0.0.1:1/api/accounts/43'],
    ['another base path', () => `${path.backend.origin}/apiary/43`],
    ['userinfo before the host', () => path.backend.origin.replace('://', '://a:b@') + '/api/43'],
    ['no scheme', () => '//evil.example/api/accounts/43'],
    ['its own host as userinfo', () => `${path.backend.origin}@evil.example/api/accounts/43`],
    ['a host that begins like its own', () => `${path.backend.origin}.evil.example/api/43`],
    ['a path that begins with a backslash', () => '/\\evil.example/api/accounts/43'],
    ['another scheme altogether', () => 'ftp://127.0.0.1/api/accounts/43'],
    ['a path relative to its own', () => '../43'],
  ])('leaves a redirect to %s as it is', async (_, to) => {
    location = to();
    expect((await path.call('/proxy/ledger/accounts/42')).headers.location).toBe(location);
  });

  it.each([
    ['an absolute URL', () => `${path.backend.origin}/api/accounts/43?x=1#y`],
    ['an absolute path', () => '/api/accounts/43?x=1#y'],
    [
      'a URL without a scheme',
      () => `${path.backend.origin.slice('http:'.length)}/api/accounts/43?x=1#y`,
    ],
  ])('turns a redirect into the destination, by %s, into one to itself', async (_, to) => {
    location = to();
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect(answer.headers.location).toBe('/proxy/ledger/accounts/43?x=1#y');
  });

  it.each(['/login', '/apiary/43', '/'])(
    'sends a redirect to %s, beside its base path, to the destination and not to a path of ours',
    async (to) => {
      location = to;
      const answer = await path.call('/proxy/ledger/accounts/42');
      expect(answer.headers.location).toBe(`${path.backend.origin}${to}`);
    },
  );

  it('scrubs a redirect that carries the credential', async () => {
    location = 'http://evil.example/?p=Gr8%2Fledger%2Bpass%22word%261987';
    const answer = await path.call('/proxy/ledger/accounts/42');
    expect(answer.headers.location).toMatch(/^http:\/\/evil\.example\/\?p=\*+$/);
  });
});
