import { type ServerResponse } from 'node:http';
import { ResourceInvalid } from '#policy';
import { aProxiedResource } from '#testing';
import { CallPath } from './call-path.js';

/**
 * Hostname normalisation: trailing dot, IDN, case (nono GHSA-7q3j-vfmx-gc9g). A destination has one spelling, made once at
 * registration; what a caller writes is never compared with it.
 */
describe('a host name', () => {
  it.each([
    ['in capitals', 'http://LEDGER.Internal/api', 'http://ledger.internal'],
    ['in full width', 'http://\uff4cedger.internal/api', 'http://ledger.internal'],
    ['with an ideographic full stop', 'http://ledger\u3002internal/api', 'http://ledger.internal'],
    ['with an escape', 'http://ledger%2einternal/api', 'http://ledger.internal'],
    ['with a soft hyphen', 'http://led\u00adger.internal/api', 'http://ledger.internal'],
    ['in Unicode', 'http://b\u00fccher.example/api', 'http://xn--bcher-kva.example'],
    ['in Punycode', 'http://xn--bcher-kva.example/api', 'http://xn--bcher-kva.example'],
    ['with its default port', 'https://ledger.internal:443/api', 'https://ledger.internal'],
    ['with a port with zeros', 'http://ledger.internal:0080/api', 'http://ledger.internal'],
    ['that is an address in one number', 'http://2130706433/api', 'http://127.0.0.1'],
    ['that is an address in hexadecimal', 'http://0x7f.1/api', 'http://127.0.0.1'],
    ['that is a long IPv6 address', 'http://[0:0:0:0:0:0:0:1]/api', 'http://[::1]'],
  ])('%s is brought to one spelling at registration', (_, destination, origin) => {
    const compiled = aProxiedResource({ destination }).destination;
    expect(compiled.origin).toBe(origin);
    expect(compiled.hostname).toBe(new URL(origin).hostname);
  });

  it.each([
    ['a dot at its end', 'http://ledger.internal./api'],
    ['an ideographic full stop at its end', 'http://ledger.internal\u3002/api'],
    ['an escaped dot at its end', 'http://ledger.internal%2e/api'],
    ['a space', 'http://ledger .internal/api'],
    ['an escaped slash', 'http://ledger%2finternal/api'],
    ['an escaped NUL', 'http://ledger%00.internal/api'],
    ['an invalid label', 'http://xn--\u00fc.example/api'],
    ['no name at all', 'http:///api'],
  ])('with %s is refused at registration', (_, destination) => {
    expect(() => aProxiedResource({ destination })).toThrow(ResourceInvalid);
  });

  it.each([
    'https://postern.example/x',
    'https://POSTERN.Example:443',
    'https://\uff50ostern.example/',
  ])('of Postern itself is found in every spelling: %s', (destination) => {
    expect(() => aProxiedResource({ destination })).toThrow(/is Postern itself|ends with a dot/);
  });

  it.each(['LEDGER', 'ledger.', 'ledger%2e', '\uff4cedger', 'ledger%00', 'xn--ledger-'])(
    'spelled like a resource is none: /proxy/%s',
    async (id) => {
      const path = await CallPath.start();
      const answer = await path.call(encodeURI(`/proxy/${id}/accounts/42`).replaceAll('%25', '%'));
      expect([400, 403]).toContain(answer.status);
      expect(path.backend.seen).toEqual([]);
      await path.stop();
    },
  );

  it('in a redirect is that of the destination in another case, and another one with a dot at its end', async () => {
    let location = '';
    const path = await CallPath.start({
      respond: (_: unknown, response: ServerResponse) =>
        response.writeHead(302, { location }).end(),
    });
    const named = path.backend.origin.replace('127.0.0.1', 'LocalHost');
    const followed = async (to: string): Promise<string | undefined> => {
      location = to;
      return (await path.call('/proxy/ledger/accounts/42')).headers.location;
    };
    const resource = path.parts.resources.get('ledger')!;
    const origin = named.toLowerCase();
    const destination = { ...resource.destination, hostname: 'localhost', origin };
    path.parts.resources.set('ledger', { ...resource, destination });
    expect(await followed(`${named}/api/accounts/43`)).toBe('/proxy/ledger/accounts/43');
    const dotted = `${origin.replace('localhost', 'localhost.')}/api/accounts/43`;
    expect(await followed(dotted)).toBe(dotted);
    await path.stop();
  });
});
