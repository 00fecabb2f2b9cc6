import { CallPath } from './call-path.js';

const CLAIMS: Readonly<Record<string, string>> = {
  'X-Forwarded-For': '10.0.0.1',
  X_Forwarded_For: '10.0.0.1',
  'X-Forwarded-User': 'root',
  'X-Forwarded-Client-Cert': 'Subject="CN=root"',
  Forwarded: 'for=10.0.0.1',
  'X-Real-IP': '10.0.0.1',
  'True-Client-IP': '10.0.0.1',
  'X-Remote-User': 'root',
  'Remote-User': 'root',
  'X-HTTP-Method-Override': 'DELETE',
  'X-HTTP-Method': 'DELETE',
  'X-Method-Override': 'DELETE',
  'X-Original-URL': '/admin',
  'X-Rewrite-URL': '/admin',
  'X-Original-Path': '/admin',
  'X-Envoy-Original-Path': '/admin',
  'SSL-Client-Verify': 'SUCCESS',
  'SSL-Client-S-DN': 'CN=root',
  'X-WebAuth-User': 'root',
  'X-Goog-Authenticated-User-Email': 'root',
  'X-MS-Client-Principal-Name': 'root',
  'X-Amzn-Oidc-Identity': 'root',
  'Postern-Error': 'none',
  'Proxy-Authorization': 'Basic eDp5',
  DPoP: 'proof',
  TE: 'trailers',
};

/** Forwarded client address, certificate, method or target believed: several. */
describe('what a caller says of itself', () => {
  let path: CallPath;
  afterEach(() => path.stop());
  const ip = (): string => path.parts.journal.of('dev.postern.call.denied.v1').at(-1)!.client.ip;
  const denied = (forwarded: string | string[]): Promise<unknown> =>
    path.call('/proxy/ledger/admin', { headers: { 'x-forwarded-for': forwarded } });

  it('does not reach the destination', async () => {
    path = await CallPath.start();
    await path.call('/proxy/ledger/accounts/42', { headers: { ...CLAIMS, 'X-Mine': 'kept' } });
    const { rawHeaders } = path.backend.seen[0]!;
    const names = rawHeaders
      .filter((_, index) => index % 2 === 0)
      .map((name) => name.toLowerCase());
    expect(names.sort()).toEqual([
      'accept-encoding',
      'authorization',
      'connection',
      'host',
      'x-mine',
    ]);
  });

  it('is not its address, from a peer that is not trusted', async () => {
    path = await CallPath.start({ trustedProxies: ['10.0.0.0/8'] });
    await denied('192.0.2.7');
    expect(ip()).toBe('127.0.0.1');
  });

  it('is its address from a trusted proxy, up to what the nearest untrusted hop wrote', async () => {
    path = await CallPath.start({ trustedProxies: ['127.0.0.0/8', '192.0.2.1'] });
    await denied('198.51.100.1, 203.0.113.9, 192.0.2.1');
    expect(ip()).toBe('203.0.113.9');
  });

  it('is not its address when the trusted proxy passed on what is none', async () => {
    path = await CallPath.start({ trustedProxies: ['127.0.0.0/8'] });
    await denied('203.0.113.9, unknown');
    expect(ip()).toBe('127.0.0.1');
  });
});
