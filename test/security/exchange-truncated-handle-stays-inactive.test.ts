import { Introspection, OperatorAuthentication } from '#oauth';
import { ExchangeUnderTest } from '#testing';

/**
 * ZITADEL CVE-2026-27840: an opaque token that was cut short stayed valid, because the look-up compared a prefix. Here a
 * handle is looked up by the digest of all of it, after its length and checksum were found right.
 */
describe('a handle that is not the whole handle', () => {
  let sts: ExchangeUnderTest;
  let handle: string;

  beforeEach(async () => {
    sts = await ExchangeUnderTest.create();
    handle = (await sts.exchange()).handle;
  });

  const isActive = async (presented: string): Promise<boolean> =>
    (await new Introspection(sts.parts).introspect(presented)).active;

  it('is not active when it is cut anywhere, and the whole one is', async () => {
    for (let length = 0; length < handle.length; length += 1) {
      expect(await isActive(handle.slice(0, length))).toBe(false);
      expect(await isActive(handle.slice(handle.length - length))).toBe(false);
    }
    expect(await isActive(handle)).toBe(true);
  });

  it.each([
    ['longer', (whole: string) => `${whole}A`],
    ['padded', (whole: string) => `${whole}=`],
    ['spaced', (whole: string) => ` ${whole}`],
    ['ended by a line break', (whole: string) => `${whole}\n`],
    ['in upper case', (whole: string) => whole.toUpperCase()],
    ['in lower case', (whole: string) => whole.toLowerCase()],
    ['in quotation marks', (whole: string) => `"${whole}"`],
    ['percent-encoded', (whole: string) => whole.replace('_', '%5F')],
  ])('is not active when it is %s', async (_, change) => {
    expect(await isActive(change(handle))).toBe(false);
  });

  it('proves no operator', async () => {
    const { plaintext } = await sts.operatorHandle();
    const operators = new OperatorAuthentication(sts.parts);
    const authenticate = (presented: string): Promise<unknown> =>
      operators.authenticate(`Bearer ${presented}`, undefined, 'introspect');
    await expect(authenticate(plaintext.slice(0, -1))).rejects.toThrow(/handle/);
    await expect(authenticate(`${plaintext}A`)).rejects.toThrow(/handle/);
    expect(await authenticate(plaintext)).toMatchObject({ subjectId: 'sub_operator' });
  });
});
