import fc from 'fast-check';
import { ExchangeUnderTest, FixedClock, grantUnderTest, TestIssuer } from '#testing';
import { exchangeAt, PROPERTY_TIMEOUT_MS, refusedExchange, runs } from './refused-exchange.js';
import { StsEndpoint } from './sts-endpoint.js';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** The order of the group of P-256 (SEC 2 section 2.4.2). */
const P256_ORDER = BigInt('0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551');
const SCALAR_BYTES = 32;

const partsOf = (token: string): [string, string, string] =>
  token.split('.') as [string, string, string];

/** Another text that decodes to the same bytes: the spare bits of the last character set otherwise. */
const withSpareBits = (part: string): string =>
  part.slice(0, -1) + ALPHABET[ALPHABET.indexOf(part.at(-1)!) ^ 1]!;

/** The other signature that verifies for the same bytes (r, n - s): ECDSA has two for each. */
function withOtherSignature(token: string): string {
  const [header, payload, signature] = partsOf(token);
  const bytes = Buffer.from(signature, 'base64url');
  const s = BigInt(`0x${bytes.subarray(SCALAR_BYTES).toString('hex')}`);
  const other = (P256_ORDER - s).toString(16).padStart(2 * SCALAR_BYTES, '0');
  const both = Buffer.concat([bytes.subarray(0, SCALAR_BYTES), Buffer.from(other, 'hex')]);
  return `${header}.${payload}.${both.toString('base64url')}`;
}

/**
 * `jose` takes a token with padding, with white space and with spare bits that are set: one token has many texts. A
 * memory of what was used that is keyed by the text takes each of them for new. Here one token has one text, and what
 * is remembered is its issuer and `jti`.
 */
describe('a subject token that was exchanged', () => {
  let endpoint: StsEndpoint;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
  });
  afterAll(() => endpoint.close());

  const spent = async (): Promise<string> => {
    const token = await endpoint.sts.mint();
    expect((await exchangeAt(endpoint, { subject_token: token })).status).toBe(200);
    return token;
  };

  const OTHER_TEXTS: [string, (token: string) => string][] = [
    ['with padding', (token) => `${token}=`],
    ['with full padding', (token) => `${token}==`],
    ['with padding at its header', (token) => token.replace('.', '=.')],
    ['with padding at its payload', (token) => token.replace(/\.([^.]+)$/, '=.$1')],
    ['with spare bits set in its signature', withSpareBits],
    ['with a space behind it', (token) => `${token} `],
    ['with a space before it', (token) => ` ${token}`],
    ['with a line break behind it', (token) => `${token}\r\n`],
    ['with a tab in its signature', (token) => `${token.slice(0, -4)}\t${token.slice(-4)}`],
    ['with a line break in its payload', (token) => token.replace('.', '.\n')],
    ['with a dot behind it', (token) => `${token}.`],
    ['with a fourth part', (token) => `${token}.AA`],
    ['with a NUL behind it', (token) => `${token}\0`],
    ['in the other alphabet', (token) => `${token.slice(0, -2)}+/`],
    ['percent-encoded once more', (token) => token.replace('.', '%2E')],
    ['in quotation marks', (token) => `"${token}"`],
    ['with its scheme', (token) => `Bearer ${token}`],
  ];

  it.each(OTHER_TEXTS)(
    'J-10, J-11, J-12: is no other token when it comes %s',
    async (_, change) => {
      const changed = change(await spent());
      expect(await refusedExchange(endpoint, { subject_token: changed })).toMatchObject({
        error: 'invalid_request',
        reason: 'malformed_token',
      });
    },
  );

  it.each(OTHER_TEXTS)('J-11: was not used up by coming %s before', async (_, change) => {
    const token = await endpoint.sts.mint();
    await refusedExchange(endpoint, { subject_token: change(token) });
    expect((await exchangeAt(endpoint, { subject_token: token })).status).toBe(200);
    expect(await refusedExchange(endpoint, { subject_token: token })).toMatchObject({
      reason: 'replayed',
    });
  });

  it('J-11: has spare bits in its signature, which jose would ignore', async () => {
    const token = await endpoint.sts.mint();
    const bytesOf = (text: string): Buffer => Buffer.from(partsOf(text)[2], 'base64url');
    expect(withSpareBits(token)).not.toBe(token);
    expect(bytesOf(withSpareBits(token))).toEqual(bytesOf(token));
  });

  it('J-11, J-33: is spent under its other signature too, which verifies', async () => {
    const fresh = withOtherSignature(await endpoint.sts.mint());
    expect((await exchangeAt(endpoint, { subject_token: fresh })).status).toBe(200);
    const again = withOtherSignature(await spent());
    expect(await refusedExchange(endpoint, { subject_token: again })).toMatchObject({
      error: 'invalid_request',
      reason: 'replayed',
    });
  });

  it.each([
    ['signed once more', (payload: string) => payload],
    ['written with spaces', (payload: string) => payload.replaceAll(',', ', ')],
    ['written in another order', reordered],
    ['written with an escape', (payload: string) => payload.replace('"jti"', '"\\u006ati"')],
  ])('J-11, J-33: is spent under its jti, %s', async (_, change) => {
    const { issuer } = endpoint.sts;
    const payload = JSON.stringify(issuer.claims());
    const first = issuer.sign(issuer.header(), payload);
    expect((await exchangeAt(endpoint, { subject_token: first })).status).toBe(200);
    const again = issuer.sign(issuer.header(), change(payload));
    expect(again).not.toBe(first);
    expect(await refusedExchange(endpoint, { subject_token: again })).toMatchObject({
      reason: 'replayed',
    });
  });

  it(
    'J-11: gives no second handle whatever character is put into it or changed, at any place',
    async () => {
      const token = await spent();
      const character = fc.constantFrom(...Array.from(`${ALPHABET}= \n\t.+/%`));
      const handlesBefore = endpoint.sts.records.handles.size;
      await fc.assert(
        fc.asyncProperty(fc.nat(token.length), character, fc.boolean(), async (at, by, instead) => {
          const changed = token.slice(0, at) + by + token.slice(instead ? at + 1 : at);
          const response = await exchangeAt(endpoint, { subject_token: changed });
          expect(response.status).toBe(400);
        }),
        { numRuns: runs(200) },
      );
      expect(endpoint.sts.records.handles.size).toBe(handlesBefore);
    },
    PROPERTY_TIMEOUT_MS,
  );
});

function reordered(payload: string): string {
  const members = Object.entries(JSON.parse(payload) as Record<string, unknown>);
  return JSON.stringify(Object.fromEntries(members.reverse()));
}

it('J-33: a token without jti, of an issuer that counts its uses, is not exchanged at all', async () => {
  const sts = await ExchangeUnderTest.create();
  const token = await sts.mint({ jti: undefined });
  await expect(sts.exchange({ subject_token: token })).rejects.toMatchObject({
    reason: 'invalid_claims',
  });
});

it('J-11: a token without jti that may be used again is known by what is signed, not by its text', async () => {
  const issuer = { tokenUse: { kind: 'reusable' } } as const;
  const sts = await ExchangeUnderTest.create({ issuer });
  const claims = sts.issuer.claims({ jti: undefined });
  const header = sts.issuer.header();
  const texts = [sts.issuer.sign(header, claims), sts.issuer.sign(header, claims)];
  texts.push(withOtherSignature(texts[0]!));
  for (const text of texts) await sts.exchange({ subject_token: text });
  expect(new Set(texts).size).toBe(3);
  expect(new Set(sts.permits.map(({ family_id }) => family_id)).size).toBe(1);
});

it('J-33, A-09: one jti of two issuers is two tokens', async () => {
  const clock = new FixedClock();
  const other = await TestIssuer.create({ issuer: 'https://other.test', clock });
  const subject = { issuer: other.issuer, id: { kind: 'any' as const }, claims: new Map() };
  const sts = await ExchangeUnderTest.create({
    otherIssuers: [other],
    grants: [grantUnderTest(), grantUnderTest({ id: 'other', subject })],
  });
  for (const one of [sts.issuer, other]) {
    const once = { subject_token: await one.mint({ jti: 'same' }) };
    await sts.exchange(once);
    await expect(sts.exchange(once)).rejects.toMatchObject({ reason: 'replayed' });
  }
  expect(sts.records.handles.size).toBe(2);
});
