import { secondsAfter } from '#kernel';
import {
  SVID_UNDER_TEST as ID,
  SvidsUnderTest,
  TEST_NOW,
  TestCertificate,
  type TestCertificateOptions,
} from '#testing';
import { SvidRejected } from './svid-rejected.js';

const SERVER = '1.3.6.1.5.5.7.3.1';
const nameConstraints = { type: '2.5.29.30', critical: false, der: Uint8Array.of(0x30, 0) };
const unknownExtension = {
  type: '1.3.6.1.4.1.55555.1',
  critical: true,
  der: Uint8Array.of(5, 0),
};

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

describe('the intermediates of an X.509-SVID', () => {
  /** The SVID first, below `options.length` intermediates, of which the first is signed by `root`. */
  async function chainOf(
    ...options: readonly TestCertificateOptions[]
  ): Promise<TestCertificate[]> {
    const chain = [root];
    for (const each of options) chain.unshift(await chain[0]!.intermediate(each));
    chain.unshift(await chain[0]!.svid(ID));
    return chain.slice(0, -1);
  }

  it.each([1, 2, 3])('S-17: link it to its authority, when there are %i', async (count) => {
    const chain = await chainOf(...Array.from({ length: count }, () => ({})));
    expect((await verify(chain)).spiffeId).toBe(ID);
  });

  it('S-17: are three at most', async () => {
    await rejects(verify(await chainOf({}, {}, {}, {})), 'its chain has more than 4 certificates');
  });

  it('S-17: may be followed by the authority itself', async () => {
    expect((await verify([...(await chainOf({})), root])).spiffeId).toBe(ID);
  });

  it('S-17: must all be there', async () => {
    const [leaf, issuing, upper] = await chainOf({}, {});
    await rejects(verify([leaf!, issuing!]), 'no authority of its trust domain vouches for it');
    await rejects(verify([leaf!, upper!]), 'a certificate of its chain is not signed by the next');
  });

  it('S-17: come in order', async () => {
    const [leaf, issuing, upper] = await chainOf({}, {});
    await rejects(
      verify([leaf!, upper!, issuing!]),
      'a certificate of its chain is not signed by the next',
    );
  });

  it('S-17: vouch for nobody without an authority of the trust domain', async () => {
    const issuing = await stranger.intermediate();
    await rejects(
      verify([await issuing.svid(ID), issuing, stranger]),
      'no authority of its trust domain vouches for it',
    );
  });

  it.each<[string, TestCertificateOptions, string]>([
    ['is no authority', { authority: false }, 'of its intermediates, one is no authority'],
    [
      'may not sign certificates',
      { keyUsages: ['digitalSignature'] },
      'of its intermediates, one may not sign certificates',
    ],
    ['has no key usage', { keyUsages: [] }, 'of its intermediates, one may not sign certificates'],
    [
      'is over',
      { notAfter: secondsAfter(TEST_NOW, -1) },
      'of its intermediates, one is not valid now',
    ],
    [
      'is yet to come',
      { notBefore: secondsAfter(TEST_NOW, 1) },
      'of its intermediates, one is not valid now',
    ],
    [
      'is for servers alone',
      { extendedKeyUsages: [SERVER] },
      'of its intermediates, one is not for the authentication of clients',
    ],
    [
      'has a weak key',
      { key: 'RSA-1024' },
      'of a certificate of its chain, its RSA modulus is not an odd number of at least 2048 bits',
    ],
    [
      'is signed over SHA-1',
      { hash: 'SHA-1' },
      'of a certificate of its chain, it is signed over a hash that is not accepted',
    ],
    [
      'has name constraints',
      { extensions: [nameConstraints] },
      'of a certificate of its chain, it has name constraints, which are not supported',
    ],
    [
      'has an unknown critical extension',
      { extensions: [unknownExtension] },
      'of a certificate of its chain, it has a critical extension that is not supported',
    ],
  ])('S-17: are worth nothing when one %s', async (_, options, rule) => {
    await rejects(verify(await chainOf(options)), rule);
  });

  it('S-17: are no SVIDs: one workload does not vouch for another', async () => {
    const billing = await root.svid(ID);
    const forged = await billing.svid('spiffe://prod.example/ns/pay/sa/treasury');
    await rejects(verify([forged, billing]), 'of its intermediates, one is no authority');
  });

  it('S-17: are no more than each of them permits below it', async () => {
    expect((await verify(await chainOf({ pathLength: 1 }, { pathLength: 0 }))).spiffeId).toBe(ID);
    await rejects(
      verify(await chainOf({ pathLength: 0 }, {})),
      'of its intermediates, one has more authorities below it than it permits',
    );
  });

  it('S-17: are no more than the authority permits below it', async () => {
    const narrow = await TestCertificate.selfSigned({ pathLength: 0 });
    const bundles = { 'prod.example': [narrow] };
    expect((await verify([await narrow.svid(ID)], bundles)).spiffeId).toBe(ID);
    const issuing = await narrow.intermediate();
    await rejects(
      verify([await issuing.svid(ID), issuing], bundles),
      'no authority of its trust domain vouches for it',
    );
  });
});
