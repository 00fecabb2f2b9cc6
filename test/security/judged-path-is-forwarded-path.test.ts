import { connect } from 'node:net';
import { type PathException } from '#policy';
import { CallPath } from './call-path.js';

/**
 * Policy judged on a normalised path, raw path forwarded: nono GHSA-8r33-hr9m-69wh, OpenSandbox #1192, Vault
 * CVE-2026-5006, agentgateway CVE-2026-29791.
 */
describe('the path that was judged is the path that is forwarded', () => {
  let path: CallPath;
  beforeAll(async () => {
    path = await CallPath.start({
      policy: {
        scopes: { 'ledger.read': ['GET /accounts/{id}'], 'ledger.post': ['POST /entries'] },
      },
    });
  });
  afterAll(() => path.stop());

  /** Sends the target byte for byte, as no client library would. */
  async function sent(target: string, headers = 'Host: postern\r\n'): Promise<string> {
    const { plaintext } = await path.parts.issue();
    return path.raw(
      `GET ${target} HTTP/1.1\r\n${headers}Authorization: Bearer ${plaintext}\r\nConnection: close\r\n\r\n`,
    );
  }

  it.each([
    '/proxy/ledger/accounts/../admin',
    '/proxy/ledger/accounts/..',
    '/proxy/ledger/accounts/%2e%2e/admin',
    '/proxy/ledger/accounts/%2e%2e%2fadmin',
    '/proxy/ledger/accounts/..%2fadmin',
    '/proxy/ledger/accounts/..%5cadmin',
    '/proxy/ledger/accounts/%252e%252e',
    '/proxy/ledger/accounts/..%252fadmin',
    '/proxy/ledger/accounts/..;/admin',
    '/proxy/ledger/accounts/42;jsessionid=1',
    '/proxy/ledger/accounts//42',
    '/proxy/ledger//accounts/42',
    '/proxy/ledger/accounts/42%00',
    '/proxy/ledger/accounts/%c0%ae%c0%ae',
    '/proxy/ledger/accounts\\42',
    '/proxy/ledger/accounts/42#/../admin',
    'http://postern/proxy/ledger/accounts/42',
  ])('answers 400 to %s, and the destination hears nothing', async (target) => {
    const before = path.backend.seen.length;
    expect(await sent(target)).toMatch(/^HTTP\/1\.1 400 /);
    expect(path.backend.seen).toHaveLength(before);
  });

  it.each([
    ['two Hosts', 'Host: a\r\nHost: b\r\n'],
    ['a Host with userinfo', 'Host: a@b\r\n'],
    [
      'Content-Length and Transfer-Encoding',
      'Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n',
    ],
    ['two lengths', 'Host: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n'],
    ['a folded header', 'Host: a\r\nX-A: b\r\n c\r\n'],
    ['a bare carriage return', 'Host: a\r\nX-A: b\rc\r\n'],
    ['no Host', ''],
  ])('answers 400 to %s, and the destination hears nothing', async (_, headers) => {
    const before = path.backend.seen.length;
    expect(await sent('/proxy/ledger/accounts/42', headers)).toMatch(/^HTTP\/1\.1 400 /);
    expect(path.backend.seen).toHaveLength(before);
  });

  it('writes an event that names the rule', async () => {
    await sent('/proxy/ledger/accounts/%2e%2e');
    const denials = path.parts.journal.of('dev.postern.call.denied.v1');
    expect(denials.map(({ reason }) => reason)).toContain('ambiguous_request');
    expect(denials.at(0)!.detail).toMatch(/^ambiguous request \(/);
  });

  it('forwards an escaped path byte for byte', async () => {
    expect(await sent('/proxy/ledger/accounts/J%C3%BCrgen%20%41?q=%2F..%2F')).toMatch(/ 200 /);
    expect(path.backend.seen.at(-1)!.url).toBe('/api/accounts/J%C3%BCrgen%20%41?q=%2F..%2F');
  });

  it.each([
    'CONNECT postern:443',
    'CONNECT /proxy/ledger/accounts/42',
    'TRACE /proxy/ledger/accounts/42',
  ])('refuses %s', async (start) => {
    const before = path.backend.seen.length;
    expect(
      await path.raw(`${start} HTTP/1.1\r\nHost: postern\r\nConnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 400 /);
    expect(path.backend.seen).toHaveLength(before);
  });

  it.each([
    ['encoded-slash', '/accounts/group%2Fproject'],
    ['encoded-slash', '/accounts/%2F'],
    ['encoded-slash', '/accounts/a%2f%2Fb%2F'],
    ['path-parameter', '/accounts/42;jsessionid=1F.a%20b'],
  ])('with allow: %s forwards %s byte for byte, as one segment', async (exception, target) => {
    const { resources } = path.parts;
    const ledger = resources.get('ledger')!;
    const pathExceptions = new Set([exception as PathException]);
    resources.set('ledger', { ...ledger, pathExceptions });
    expect(await sent(`/proxy/ledger${target}`)).toMatch(/^HTTP\/1\.1 200 /);
    expect(path.backend.seen.at(-1)!.url).toBe(`/api${target}`);
    const before = path.backend.seen.length;
    expect(await sent(`/proxy/ledger${target.replace(/%2f|;/gi, '/')}`)).toMatch(/ 40[03] /);
    expect(await sent(`/proxy/ledger${target}%2F..%2Fadmin`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(await sent(`/proxy/ledger${target}/..;/admin`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(path.backend.seen).toHaveLength(before);
    resources.set('ledger', ledger);
    expect(await sent(`/proxy/ledger${target}`)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('closes the connection after a request that cannot be parsed', async () => {
    const socket = connect(path.port, '127.0.0.1');
    socket.end(
      'GET /proxy/ledger/a HTTP/1.1\r\nBad Header\r\n\r\nGET /proxy/ledger/b HTTP/1.1\r\n\r\n',
    );
    let answer = '';
    for await (const chunk of socket) answer += String(chunk);
    expect(answer.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});
