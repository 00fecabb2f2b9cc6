import { CallPath } from './call-path.js';

const HOST = 'Host: postern\r\nConnection: close\r\n';

/** One of several code paths skips authentication: nono #1673, #1131. */
describe('every way in asks for a handle', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start();
  });
  afterAll(() => path.stop());

  it.each([
    ['GET', `GET /proxy/ledger/accounts/42 HTTP/1.1\r\n${HOST}\r\n`],
    ['HEAD', `HEAD /proxy/ledger/accounts/42 HTTP/1.1\r\n${HOST}\r\n`],
    [
      'OPTIONS',
      `OPTIONS /proxy/ledger/accounts/42 HTTP/1.1\r\n${HOST}Origin: https://a\r\nAccess-Control-Request-Method: GET\r\n\r\n`,
    ],
    ['HTTP/1.0', 'GET /proxy/ledger/accounts/42 HTTP/1.0\r\n\r\n'],
    [
      'Expect: 100-continue',
      `POST /proxy/ledger/entries HTTP/1.1\r\n${HOST}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    ],
    [
      'an upgrade',
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
    ],
    [
      'a Basic credential',
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\n${HOST}Authorization: Basic eDp5\r\n\r\n`,
    ],
    [
      'an empty credential',
      `GET /proxy/ledger/accounts/42 HTTP/1.1\r\n${HOST}Authorization: \r\n\r\n`,
    ],
    ['another resource', `GET /proxy/nowhere/accounts/42 HTTP/1.1\r\n${HOST}\r\n`],
  ])('%s', async (_, bytes) => {
    const answer = path.raw(bytes.replace('Connection: Upgrade', 'Connection: close, Upgrade'));
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /);
    expect(path.backend.seen).toHaveLength(0);
  });

  it.each([
    '/Proxy/ledger/accounts/42',
    '/proxy',
    '/./proxy/ledger/accounts/42',
    '/%70roxy/ledger/accounts/42',
    '//proxy/ledger/accounts/42',
  ])('%s is no call, and nothing else answers it', async (target) => {
    expect(await path.raw(`GET ${target} HTTP/1.1\r\n${HOST}\r\n`)).toMatch(/^HTTP\/1\.1 4/);
    expect(path.backend.seen).toHaveLength(0);
  });

  it('with a handle a websocket upgrade needs an operation of its own, and an offer of h2c is left unanswered', async () => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-key': 'x',
    };
    expect((await path.call('/proxy/ledger/accounts/42', { headers })).status).toBe(403);
    const offer = {
      connection: 'Upgrade, HTTP2-Settings',
      upgrade: 'h2c',
      'http2-settings': 'AAMAAABk',
    };
    expect((await path.call('/proxy/ledger/accounts/42', { headers: offer })).status).toBe(200);
    expect(path.backend.seen.at(-1)!.rawHeaders.join()).not.toMatch(/h2c|http2-settings/i);
  });
});
