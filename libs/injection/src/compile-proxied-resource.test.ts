import { ResourceInvalid } from '#policy';
import { aProxiedRegistration, aProxiedResource, aResource, TEST_ORIGIN } from '#testing';
import { compileProxiedResource } from './compile-proxied-resource.js';

describe('compiling a proxied resource', () => {
  it('keeps what policy knows and adds where calls go, what is put on, and the limits', () => {
    expect(aProxiedResource({ destination: 'https://ledger.internal:8443/api' })).toMatchObject({
      id: 'ledger',
      destination: { scheme: 'https', hostname: 'ledger.internal', port: 8443, basePath: '/api' },
      injection: { kind: 'basic' },
      audit: 'strict',
      scrub: 'stream',
      limits: { concurrencyMax: 64 },
    });
  });

  it.each([
    [
      'a header that frames the message',
      { kind: 'header', name: 'Content-Length', template: '{v}' },
    ],
    ['Host', { kind: 'header', name: 'Host', template: '{v}' }],
    ['a header in disguise', { kind: 'header', name: 'Transfer_Encoding', template: '{v}' }],
    ['a header of ours', { kind: 'header', name: 'Postern-Error', template: '{v}' }],
    ['a name that is no token', { kind: 'header', name: 'X Key', template: '{v}' }],
    ['a template without a field', { kind: 'header', name: 'X-Key', template: 'constant' }],
    ['a template with an open brace', { kind: 'header', name: 'X-Key', template: '{v}{' }],
    ['an unprintable parameter', { kind: 'query', name: 'a\nb', value: 'v' }],
  ] as const)('refuses to inject into %s', (_, inject) => {
    expect(() => aProxiedResource({ inject })).toThrow(ResourceInvalid);
  });

  it('reads the certificates that an https destination is verified by', () => {
    const caPem = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';
    const entry = aProxiedRegistration({
      destination: 'https://ledger.internal',
      tls: { caFile: '/etc/ca.pem', serverName: 'ledger' },
    });
    const compile = (readFile?: (path: string) => string) =>
      compileProxiedResource(entry, {
        resource: aResource(),
        publicOrigin: TEST_ORIGIN,
        ...(readFile === undefined ? {} : { readFile }),
      });
    expect(compile(() => caPem).tls).toEqual({ caPem, serverName: 'ledger' });
    expect(() => compile(() => '')).toThrow(/holds no certificate/);
    expect(() => compile()).toThrow(ResourceInvalid);
    expect(() =>
      compile(() => {
        throw Object.assign(new Error('no'), { code: 'ENOENT' });
      }),
    ).toThrow(/cannot be read \(ENOENT\)/);
  });

  it('refuses TLS settings for a destination without TLS', () => {
    expect(() => aProxiedResource({ tls: { serverName: 'ledger' } })).toThrow(ResourceInvalid);
  });

  it('reports every problem at once', () => {
    const inject = { kind: 'query', name: '', value: 'v' } as const;
    expect(() => aProxiedResource({ destination: 'http://a@b./c?d', inject })).toThrow(
      /userinfo[\s\S]*dot[\s\S]*inject\.name/,
    );
  });
});
