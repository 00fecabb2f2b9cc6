import { X509Certificate } from 'node:crypto';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import {
  SVID_UNDER_TEST as ID,
  SvidsUnderTest,
  TEST_NOW,
  TestCertificate,
  type TestCertificateOptions,
} from '#testing';
import { SvidRejected } from './svid-rejected.js';
import { verifyX509Svid } from './x509-svid.js';

const SERVER = '1.3.6.1.5.5.7.3.1';
const nameConstraints = { type: '2.5.29.30', critical: true, der: Uint8Array.of(0x30, 0) };

let svids: SvidsUnderTest;
let root: TestCertificate;
let stranger: TestCertificate;
beforeAll(async () => {
  svids = await SvidsUnderTest.make();
  ({ root, stranger } = svids);
});
const verify: SvidsUnderTest['verify'] = (...args) => svids.verify(...args);
const rejects = (verified: Promise<unknown>, rule: string): Promise<void> =>
  expect(verified).rejects.toThrow(new SvidRejected(rule));

describe('whose authorities vouch for an X.509-SVID', () => {
  const NOBODY = 'no authority of its trust domain vouches for it';

  it.each(['RSA', 'P-384', 'Ed25519'] as const)('S-17: one with a key of kind %s', async (key) => {
    const authority = await TestCertificate.selfSigned({ key });
    const bundles = { 'prod.example': [authority] };
    expect((await verify([await authority.svid(ID)], bundles)).spiffeId).toBe(ID);
  });

  it('S-17: any of its bundle, whatever the others are', async () => {
    const broken = { der: Buffer.from('no certificate') };
    const weak = await TestCertificate.selfSigned({ subject: 'CN=root', key: 'RSA-1024' });
    const bundles = { 'prod.example': [broken, weak, stranger, root] };
    expect((await verify([await root.svid(ID)], bundles)).spiffeId).toBe(ID);
  });

  it('S-17: one that somebody else has signed, when the bundle has it', async () => {
    const issuing = await stranger.intermediate();
    const bundles = { 'prod.example': [issuing] };
    expect((await verify([await issuing.svid(ID)], bundles)).spiffeId).toBe(ID);
  });

  it('S-17: not one of the same name with another key', async () => {
    await rejects(verify([await stranger.svid(ID)]), NOBODY);
  });

  it('S-17: not one with the same key and another name', async () => {
    const publicKeyDer = new X509Certificate(root.der).publicKey.export({
      type: 'spki',
      format: 'der',
    });
    const [renamed, namesake] = [
      await TestCertificate.selfSigned({ subject: 'CN=other', publicKeyDer }),
      await TestCertificate.selfSigned({ subject: 'CN=root', publicKeyDer }),
    ];
    const svid = await root.svid(ID);
    await rejects(verify([svid], { 'prod.example': [renamed] }), NOBODY);
    expect((await verify([svid], { 'prod.example': [namesake] })).spiffeId).toBe(ID);
  });

  it('S-17: not that of another trust domain, which vouches for its own', async () => {
    const bundles = { 'prod.example': [root], 'other.example': [stranger] };
    await rejects(verify([await stranger.svid(ID)], bundles), NOBODY);
    const own = await stranger.svid('spiffe://other.example/ns/pay');
    expect((await verify([own], bundles)).trustDomain).toBe('other.example');
  });

  it('S-17: only the trust domain that it names is asked', async () => {
    const asked: string[] = [];
    const authoritiesOf = async (trustDomain: string): Promise<Uint8Array[]> => {
      asked.push(trustDomain);
      return [root.der];
    };
    await verifyX509Svid([(await root.svid(ID)).der], { now: TEST_NOW, authoritiesOf });
    expect(asked).toEqual(['prod.example']);
  });

  it('S-17: nobody for a trust domain that is not registered', async () => {
    const foreign = await root.svid('spiffe://prod.example.evil/ns/pay');
    await rejects(verify([foreign]), 'its trust domain is not registered');
  });

  it('S-17: nobody when the bundle is empty', async () => {
    await rejects(verify([await root.svid(ID)], { 'prod.example': [] }), NOBODY);
  });

  it('S-17: nobody when the bundle has more than 100', async () => {
    const bundles = { 'prod.example': Array.from({ length: 101 }, () => root) };
    await rejects(
      verify([await root.svid(ID)], bundles),
      'its trust domain has too many authorities',
    );
  });

  it('S-17: not itself', async () => {
    const own = await TestCertificate.selfSigned({ uris: [ID], authority: false });
    await rejects(verify([own]), NOBODY);
    await rejects(verify([own], { 'prod.example': [own] }), NOBODY);
  });

  it.each<[string, TestCertificateOptions]>([
    ['is over', { notAfter: secondsAfter(TEST_NOW, -1) }],
    ['is yet to come', { notBefore: secondsAfter(TEST_NOW, 1) }],
    ['is no authority', { authority: false }],
    ['has no basic constraints', { authority: 'none' }],
    ['may not sign certificates', { keyUsages: ['digitalSignature'] }],
    ['has no key usage', { keyUsages: [] }],
    ['is for servers alone', { extendedKeyUsages: [SERVER] }],
    ['has a weak key', { key: 'RSA-1024' }],
    ['has name constraints', { extensions: [nameConstraints] }],
  ])('S-17: not one that %s', async (_, options) => {
    const authority = await TestCertificate.selfSigned(options);
    await rejects(verify([await authority.svid(ID)], { 'prod.example': [authority] }), NOBODY);
  });

  it('S-17: nobody when they cannot be told, and that is passed on', async () => {
    const gone = new DependencyUnavailable('bundle', 'the bundle is not there');
    const authoritiesOf = async (): Promise<never> => Promise.reject(gone);
    const { der } = await root.svid(ID);
    await expect(verifyX509Svid([der], { now: TEST_NOW, authoritiesOf })).rejects.toBe(gone);
  });
});
