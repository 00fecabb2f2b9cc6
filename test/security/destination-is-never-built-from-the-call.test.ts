import { ResourceInvalid } from '#policy';
import { aProxiedResource } from '#testing';
import { CallPath } from './call-path.js';

/**
 * Upstream URL built by concatenation (`...@attacker.example`); Host, SNI and Host header disagree: OpenSandbox #1193, vm0
 * #14412; hostname normalisation: nono GHSA-7q3j-vfmx-gc9g.
 */
describe('the destination', () => {
  it.each([
    '@evil.example/x',
    ':80@evil.example/x',
    '.evil.example/x',
    '/@evil.example/accounts',
    '/accounts@evil.example/42',
  ])('is the registered one for /proxy/ledger%s', async (rest) => {
    const path = await CallPath.start({ policy: { scopes: { 'ledger.read': ['GET /**'] } } });
    const answer = await path.call(`/proxy/ledger${rest}`);
    expect([200, 400]).toContain(answer.status);
    for (const { url } of path.backend.seen) expect(url).toBe(`/api${rest}`);
    await path.stop();
  });

  it('gets its own name as Host, whatever the caller wrote', async () => {
    const path = await CallPath.start();
    await path.call('/proxy/ledger/accounts/42', {
      headers: {
        host: 'evil.example',
        'x-host': 'evil.example',
        'x-forwarded-host': 'evil.example',
      },
    });
    const { rawHeaders } = path.backend.seen[0]!;
    expect(rawHeaders[rawHeaders.indexOf('host') + 1]).toBe(
      path.backend.origin.slice('http://'.length),
    );
    expect(path.backend.everything).not.toContain('evil');
    await path.stop();
  });

  it.each([
    'http://ledger.internal./api',
    'http://user@ledger.internal/api',
    'http://user:secret@ledger.internal/api',
    'http://ledger.internal/api?x=1',
    'http://ledger.internal/api#x',
    'http://ledger.internal/a/../b',
    'http://ledger.internal/a%2fb',
    'http://ledger.internal//a',
    'http:\\\\ledger.internal\\a',
    'ftp://ledger.internal/',
    '//ledger.internal/',
    'ledger.internal',
    'https://postern.example/x',
  ])('is refused at registration: %s', (destination) => {
    expect(() => aProxiedResource({ destination })).toThrow(ResourceInvalid);
  });

  it.each([
    ['http://LEDGER.Internal/api', 'http://ledger.internal', '/api', 80],
    ['https://ledger.internal:443/', 'https://ledger.internal', '', 443],
    ['https://b\u00fccher.example:8443/api/', 'https://xn--bcher-kva.example:8443', '/api', 8443],
  ])('is normalised once, at registration: %s', (text, origin, basePath, port) => {
    expect(aProxiedResource({ destination: text }).destination).toMatchObject({
      origin,
      basePath,
      port,
    });
  });
});
