import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { json } from 'node:stream/consumers';
import { Module } from '@nestjs/common';
import { TestCertificate } from '#testing';
import { ClientCertificates } from './client-certificates.js';
import { ClientCertificateUnreadable } from './client-certificate-unreadable.js';
import { type HttpRequest } from './http-exchange.js';
import { type HttpHost, startHttpHost } from './http-host.js';
import { type ClientCertificateHeader } from './postern-config.js';

@Module({})
class EmptyModule {}

interface Seen {
  readonly source?: string;
  readonly chain?: readonly string[];
  readonly refused?: string;
}

let root: TestCertificate;
let issuing: TestCertificate;
let svid: TestCertificate;
let other: TestCertificate;
beforeAll(async () => {
  root = await TestCertificate.selfSigned();
  issuing = await root.intermediate();
  svid = await issuing.svid('spiffe://prod.example/ns/pay');
  other = await issuing.svid('spiffe://prod.example/ns/other');
});

const hosts: HttpHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close(0);
});

/** What a listener sees of a request that comes from 127.0.0.1 with these headers. */
async function seen(
  headers: OutgoingHttpHeaders,
  name: ClientCertificateHeader | undefined,
  trustedProxies = ['127.0.0.1'],
): Promise<Seen> {
  const certificates = new ClientCertificates({ trustedProxies, clientCertificateHeader: name });
  const host = await startHttpHost({
    module: EmptyModule,
    listen: { host: '127.0.0.1', port: 0 },
    before: (request, response) => {
      void told(certificates, request).then((seen) => response.end(JSON.stringify(seen)));
      return true;
    },
  });
  hosts.push(host);
  return new Promise((resolve, reject) => {
    const { port } = host.address;
    httpRequest({ host: '127.0.0.1', port, headers }, (response) => {
      json(response).then((value) => resolve(value as Seen), reject);
    })
      .on('error', reject)
      .end();
  });
}

async function told(certificates: ClientCertificates, request: HttpRequest): Promise<Seen> {
  const judged = Promise.resolve().then(() => certificates.of(request));
  return judged.then(
    (presented) =>
      presented === undefined
        ? {}
        : {
            source: presented.source,
            chain: presented.chain.map((der) => der.toString('base64')),
          },
    (error: unknown) => {
      if (!(error instanceof ClientCertificateUnreadable)) throw error;
      return { refused: error.message };
    },
  );
}

const sequence = ({ der }: Pick<TestCertificate, 'der'>): string => `:${der.toString('base64')}:`;
const escaped = (...chain: readonly TestCertificate[]): string =>
  encodeURIComponent(chain.map(({ pem }) => pem).join(''));
const chainOf = (...chain: readonly TestCertificate[]): Seen => ({
  source: 'header',
  chain: chain.map(({ der }) => der.toString('base64')),
});

describe('a certificate in a header of a trusted proxy', () => {
  it('C-05: is read from Client-Cert (RFC 9440)', async () => {
    expect(await seen({ 'Client-Cert': sequence(svid) }, 'client-cert')).toEqual(chainOf(svid));
  });

  it('C-05: is followed by those of Client-Cert-Chain', async () => {
    const headers = {
      'client-cert': sequence(svid),
      'client-cert-chain': `${sequence(issuing)}, ${sequence(root)}`,
    };
    expect(await seen(headers, 'client-cert')).toEqual(chainOf(svid, issuing, root));
  });

  it('C-05: is read from X-SSL-Client-Cert, as nginx and Apache escape PEM', async () => {
    const headers = { 'X-SSL-Client-Cert': escaped(svid) };
    expect(await seen(headers, 'x-ssl-client-cert')).toEqual(chainOf(svid));
  });

  it.each<[string, () => string, () => TestCertificate[]]>([
    ['Cert', () => `Hash=00;Cert="${escaped(svid)}";Subject="CN=\\"a\\", O=b"`, () => [svid]],
    ['Cert without quotes', () => `By=spiffe://x/y;Cert=${escaped(svid)}`, () => [svid]],
    ['Chain', () => `Chain="${escaped(svid, issuing)}"`, () => [svid, issuing]],
    [
      'both, which agree',
      () => `Cert="${escaped(svid)}";Chain="${escaped(svid, issuing)}";URI=a;URI=b`,
      () => [svid, issuing],
    ],
  ])('C-05: is read from X-Forwarded-Client-Cert by %s', async (_, value, chain) => {
    const headers = { 'X-Forwarded-Client-Cert': value() };
    expect(await seen(headers, 'x-forwarded-client-cert')).toEqual(chainOf(...chain()));
  });

  it('C-05: is none when the header is not there', async () => {
    expect(await seen({}, 'client-cert')).toEqual({});
  });

  it('C-05: counts in the configured header alone', async () => {
    const headers = { 'X-SSL-Client-Cert': escaped(other), Client_Cert: sequence(other) };
    expect(await seen(headers, 'client-cert')).toEqual({});
    expect(await seen({ ...headers, 'Client-Cert': sequence(svid) }, 'client-cert')).toEqual(
      chainOf(svid),
    );
  });

  it('C-05: counts nowhere when no header is configured', async () => {
    expect(await seen({ 'Client-Cert': sequence(svid) }, undefined)).toEqual({});
  });
});

describe('a certificate in a header of anybody else', () => {
  it.each<[ClientCertificateHeader, () => string]>([
    ['client-cert', () => sequence(svid)],
    ['x-ssl-client-cert', () => escaped(svid)],
    ['x-forwarded-client-cert', () => `Cert="${escaped(svid)}"`],
  ])('C-05: is not looked at in %s', async (name, value) => {
    expect(await seen({ [name]: value() }, name)).toEqual(chainOf(svid));
    for (const proxies of [['10.0.0.0/8'], []]) {
      expect(await seen({ [name]: value() }, name, proxies)).toEqual({});
    }
  });

  it('C-05: is not read, whatever it is, so that it refuses nobody', async () => {
    expect(await seen({ 'client-cert': 'nonsense' }, 'client-cert', ['10.0.0.0/8'])).toEqual({});
  });
});

describe('what a trusted proxy writes and is not one certificate', () => {
  const PUBLIC_KEY = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n';

  it.each<[string, ClientCertificateHeader, () => string | string[], RegExp]>([
    ['two headers', 'client-cert', () => [sequence(svid), sequence(other)], /more than once/],
    ['one header twice', 'client-cert', () => [sequence(svid), sequence(svid)], /more than once/],
    ['nothing', 'client-cert', () => '', /not a byte sequence/],
    ['no byte sequence', 'client-cert', () => svid.der.toString('base64'), /not a byte sequence/],
    ['an empty sequence', 'client-cert', () => '::', /not a byte sequence/],
    ['a list', 'client-cert', () => `${sequence(svid)}, ${sequence(other)}`, /not a byte seq/],
    ['parameters', 'client-cert', () => `${sequence(svid)};a=1`, /not a byte sequence/],
    ['no certificate', 'client-cert', () => ':AAAA:', /is none/],
    [
      'a byte too many',
      'client-cert',
      () => sequence({ der: Buffer.concat([svid.der, Buffer.alloc(1)]) }),
      /is none/,
    ],
    ['PEM inside', 'client-cert', () => sequence({ der: Buffer.from(svid.pem) }), /is none/],
    ['nothing', 'x-ssl-client-cert', () => '', /not URL-encoded PEM/],
    ['"(null)"', 'x-ssl-client-cert', () => '(null)', /not URL-encoded PEM/],
    ['two certificates', 'x-ssl-client-cert', () => escaped(svid, other), /more than one client/],
    ['two headers', 'x-ssl-client-cert', () => [escaped(svid), escaped(svid)], /more than once/],
    ['a broken escape', 'x-ssl-client-cert', () => `${escaped(svid)}%zz`, /is not URL-encoded$/],
    [
      'text in front',
      'x-ssl-client-cert',
      () => `subject%20CN=root%0A${escaped(svid)}`,
      /not URL-encoded PEM/,
    ],
    ['text behind', 'x-ssl-client-cert', () => `${escaped(svid)}x`, /not URL-encoded PEM/],
    [
      'another kind of PEM',
      'x-ssl-client-cert',
      () => encodeURIComponent(PUBLIC_KEY),
      /not URL-encoded PEM/,
    ],
    ['nothing', 'x-forwarded-client-cert', () => '', /neither Cert nor Chain/],
    [
      'names without a certificate',
      'x-forwarded-client-cert',
      () => 'By=spiffe://x/y;Hash=00;URI=spiffe://prod.example/ns/pay',
      /neither Cert nor Chain/,
    ],
    [
      'the elements of two hops',
      'x-forwarded-client-cert',
      () => `Cert="${escaped(other)}",Cert="${escaped(svid)}"`,
      /not one element/,
    ],
    [
      'an element without a certificate before',
      'x-forwarded-client-cert',
      () => `Hash=00,Cert="${escaped(svid)}"`,
      /not one element/,
    ],
    [
      'a second Cert',
      'x-forwarded-client-cert',
      () => `Cert="${escaped(svid)}";cert="${escaped(other)}"`,
      /a second certificate/,
    ],
    [
      'two certificates in Cert',
      'x-forwarded-client-cert',
      () => `Cert="${escaped(svid, other)}"`,
      /more than one client/,
    ],
    [
      'a Chain of another',
      'x-forwarded-client-cert',
      () => `Cert="${escaped(svid)}";Chain="${escaped(other, issuing)}"`,
      /a Chain of another Cert/,
    ],
    [
      'a quote that does not end',
      'x-forwarded-client-cert',
      () => `Cert="${escaped(svid)}`,
      /not one element/,
    ],
  ])('C-05: is refused and not taken for none: %s in %s', async (_, name, value, refused) => {
    expect(await seen({ [name]: value() }, name)).toEqual({
      refused: expect.stringMatching(refused) as string,
    });
  });

  it('C-05: is refused in Client-Cert-Chain too', async () => {
    const headers = { 'client-cert': sequence(svid), 'client-cert-chain': ':AAAA:' };
    expect((await seen(headers, 'client-cert')).refused).toMatch(/is none/);
    const twice = { ...headers, 'client-cert-chain': [sequence(issuing), sequence(root)] };
    expect((await seen(twice, 'client-cert')).refused).toMatch(/more than once/);
  });

  it('C-05: is refused beyond 8 certificates', async () => {
    const chain = (count: number): OutgoingHttpHeaders => ({
      'client-cert': sequence(svid),
      'client-cert-chain': Array.from({ length: count - 1 }, () => sequence(issuing)).join(', '),
    });
    expect((await seen(chain(8), 'client-cert')).chain).toHaveLength(8);
    expect((await seen(chain(9), 'client-cert')).refused).toMatch(/too long/);
  });

  it('C-05: does not come back in what is said of it', async () => {
    const { refused } = await seen({ 'client-cert': ':c2VjcmV0:' }, 'client-cert');
    expect(refused).not.toMatch(/c2VjcmV0|secret/);
  });
});
