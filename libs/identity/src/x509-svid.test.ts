import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import fc from 'fast-check';
import { secondsAfter } from '#kernel';
import {
  SVID_UNDER_TEST as ID,
  SvidsUnderTest,
  TEST_NOW,
  type TestCertificate,
  type TestCertificateOptions,
  type TestExtension,
} from '#testing';
import { x5tS256Of } from './client-certificate.js';
import { SvidRejected } from './svid-rejected.js';

const SERVER = '1.3.6.1.5.5.7.3.1';
const CLIENT = '1.3.6.1.5.5.7.3.2';
const ANY_USAGE = '2.5.29.37.0';
const unknownExtension = (critical: boolean): TestExtension => ({
  type: '1.3.6.1.4.1.55555.1',
  critical,
  der: Uint8Array.of(5, 0),
});
/** A second subjectAltName, of the one URI `spiffe://a/b`. */
const secondNames: TestExtension = {
  type: '2.5.29.17',
  critical: false,
  der: Buffer.concat([Uint8Array.of(0x30, 14, 0x86, 12), Buffer.from('spiffe://a/b')]),
};
const publicKeyDerOf = ({ publicKey }: { publicKey: KeyObject }): Buffer =>
  publicKey.export({ type: 'spki', format: 'der' });

let svids: SvidsUnderTest;
let root: TestCertificate;
beforeAll(async () => {
  svids = await SvidsUnderTest.make();
  ({ root } = svids);
});
const verify: SvidsUnderTest['verify'] = (...args) => svids.verify(...args);
const rejects = (verified: Promise<unknown>, rule: string): Promise<void> =>
  expect(verified).rejects.toThrow(new SvidRejected(rule));

describe('an X.509-SVID', () => {
  it('S-17: tells its SPIFFE ID, its trust domain, its thumbprint and its end', async () => {
    const notAfter = secondsAfter(TEST_NOW, 3600);
    const svid = await root.svid(ID, { notAfter });
    expect(await verify([svid])).toEqual({
      spiffeId: ID,
      trustDomain: 'prod.example',
      x5tS256: x5tS256Of(svid.der),
      notAfter,
    });
  });

  it.each<[string, TestCertificateOptions]>([
    ['a DNS name beside', { dnsNames: ['billing.internal'] }],
    ['no basic constraints', { authority: 'none' }],
    ['extended usages that name clients', { extendedKeyUsages: [SERVER, CLIENT] }],
    ['a usage more than to sign', { keyUsages: ['digitalSignature', 'keyEncipherment'] }],
    ['an RSA key', { key: 'RSA' }],
    ['a P-384 key', { key: 'P-384' }],
    ['an Ed25519 key', { key: 'Ed25519' }],
    ['an unknown extension that is not critical', { extensions: [unknownExtension(false)] }],
  ])('S-17: is accepted with %s', async (_, options) => {
    expect((await verify([await root.svid(ID, options)])).spiffeId).toBe(ID);
  });

  it.each<[string, TestCertificateOptions, string]>([
    ['no URI name', { uris: [] }, 'it does not have exactly one URI name'],
    [
      'two SPIFFE IDs',
      { uris: [ID, 'spiffe://prod.example/other'] },
      'it does not have exactly one URI name',
    ],
    ['one SPIFFE ID twice', { uris: [ID, ID] }, 'it does not have exactly one URI name'],
    [
      'another URI beside its SPIFFE ID',
      { uris: [ID, 'https://billing.example/'] },
      'it does not have exactly one URI name',
    ],
    [
      'a second extension of names',
      {
        extensions: [secondNames],
      },
      'of a certificate of its chain, it has an extension twice',
    ],
    ['a URI that is no SPIFFE ID', { uris: ['https://x/'] }, 'its URI name is not a SPIFFE ID'],
    [
      'a SPIFFE ID in capitals',
      { uris: ['spiffe://PROD.example/ns/pay'] },
      'its URI name is not a SPIFFE ID',
    ],
    [
      'a SPIFFE ID with dots to climb',
      { uris: ['spiffe://prod.example/ns/../pay'] },
      'its URI name is not a SPIFFE ID',
    ],
    [
      'the SPIFFE ID of the trust domain itself',
      { uris: ['spiffe://prod.example'] },
      'its SPIFFE ID is that of a trust domain',
    ],
    ['cA: TRUE', { authority: true, keyUsages: ['digitalSignature'] }, 'it is an authority'],
    [
      'the usage keyCertSign',
      { keyUsages: ['digitalSignature', 'keyCertSign'] },
      'it may sign certificates or revocation lists',
    ],
    [
      'the usage cRLSign',
      { keyUsages: ['digitalSignature', 'cRLSign'] },
      'it may sign certificates or revocation lists',
    ],
    ['no key usage', { keyUsages: [] }, 'it may not sign'],
    ['a key for encipherment alone', { keyUsages: ['keyEncipherment'] }, 'it may not sign'],
    [
      'an extended usage for servers alone',
      { extendedKeyUsages: [SERVER] },
      'it is not for the authentication of clients',
    ],
    [
      'an extended usage that does not name clients',
      { extendedKeyUsages: [ANY_USAGE] },
      'it is not for the authentication of clients',
    ],
    [
      'a beginning that is yet to come',
      { notBefore: secondsAfter(TEST_NOW, 1) },
      'it is not valid now',
    ],
    ['an end that is over', { notAfter: secondsAfter(TEST_NOW, -1) }, 'it is not valid now'],
    [
      'an unknown critical extension',
      { extensions: [unknownExtension(true)] },
      'of a certificate of its chain, it has a critical extension that is not supported',
    ],
    [
      'an RSA key of 1024 bits',
      { key: 'RSA-1024' },
      'of a certificate of its chain, its RSA modulus is not an odd number of at least 2048 bits',
    ],
    [
      'an RSA key with exponent 3',
      { key: 'RSA with exponent 3' },
      'of a certificate of its chain, its RSA exponent is not an odd number of at least 65537',
    ],
    [
      'a key on another curve',
      {
        publicKeyDer: publicKeyDerOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })),
      },
      'of a certificate of its chain, its key is on a curve that is not accepted',
    ],
    [
      'a key of another kind',
      { publicKeyDer: publicKeyDerOf(generateKeyPairSync('ed448')) },
      'of a certificate of its chain, its key is of a kind that is not accepted',
    ],
    [
      'a signature over SHA-1',
      { hash: 'SHA-1' },
      'of a certificate of its chain, it is signed over a hash that is not accepted',
    ],
    [
      'more than 16 KiB',
      {
        dnsNames: Array.from(
          { length: 600 },
          (_, index) => `billing-${index}.prod.example.internal`,
        ),
      },
      'of a certificate of its chain, it has more than 16384 bytes',
    ],
  ])('S-17: is refused with %s', async (_, options, rule) => {
    await rejects(verify([await root.svid(ID, options)]), rule);
  });

  it('S-17: is valid at the last instant of its time, and not after', async () => {
    const svid = await root.svid(ID, { notAfter: TEST_NOW });
    expect((await verify([svid])).notAfter).toEqual(TEST_NOW);
    const later = new Date(TEST_NOW.getTime() + 1);
    await rejects(verify([svid], { 'prod.example': [root] }, later), 'it is not valid now');
  });

  it('S-17: is refused when it is no certificate, or has a byte too many', async () => {
    await rejects(verify([]), 'there is no certificate');
    await rejects(
      verify([{ der: Buffer.from('no certificate') }]),
      'of a certificate of its chain, it cannot be read',
    );
    const { der } = await root.svid(ID);
    await rejects(
      verify([{ der: Buffer.concat([der, Buffer.alloc(1)]) }]),
      'of a certificate of its chain, it is not one certificate in DER',
    );
  });

  it('S-17: is refused when any byte of it is another', async () => {
    const { der } = await root.svid(ID);
    const runs = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;
    const change = fc.record({
      at: fc.nat({ max: der.length - 1 }),
      by: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, by }) => {
        const changed = Buffer.from(der);
        changed[at]! ^= by;
        await expect(verify([{ der: changed }])).rejects.toThrow(SvidRejected);
      }),
      { numRuns: runs },
    );
  }, 180_000);
});
