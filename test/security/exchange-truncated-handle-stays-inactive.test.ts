import fc from 'fast-check';
import { Introspection } from '#oauth';
import { codePoint, ExchangeUnderTest } from '#testing';
import { PROPERTY_TIMEOUT_MS, runs } from './refused-exchange.js';
import { StsEndpoint } from './sts-endpoint.js';

const HANDLE_TYPE = 'urn:ietf:params:oauth:token-type:access_token';
const flipped = (character: string): string =>
  character === character.toLowerCase() ? character.toUpperCase() : character.toLowerCase();

/** What is not the handle, made of the handle. */
const CHANGES: [string, (whole: string) => string][] = [
  ['cut by one character', (whole) => whole.slice(0, -1)],
  ['cut to its half', (whole) => whole.slice(0, whole.length / 2)],
  ['cut in front', (whole) => whole.slice(1)],
  ['without its checksum', (whole) => whole.slice(0, -6)],
  ['longer', (whole) => `${whole}A`],
  ['longer in front', (whole) => `A${whole}`],
  ['padded', (whole) => `${whole}=`],
  ['padded twice', (whole) => `${whole}==`],
  ['spaced in front', (whole) => ` ${whole}`],
  ['spaced behind', (whole) => `${whole} `],
  ['ended by a line break', (whole) => `${whole}\n`],
  ['ended by a NUL', (whole) => `${whole}\0`],
  ['in upper case', (whole) => whole.toUpperCase()],
  ['in lower case', (whole) => whole.toLowerCase()],
  ['in quotation marks', (whole) => `"${whole}"`],
  ['percent-encoded', (whole) => whole.replace('_', '%5F')],
  ['of another environment', (whole) => whole.replace('pst_test_', 'pst_prod_')],
  ['twice', (whole) => whole + whole],
  ['a pattern', (whole) => `${whole.slice(0, -1)}%`],
];

/**
 * ZITADEL CVE-2026-27840: an opaque token that was cut short stayed valid, because the look-up compared a prefix. Here a
 * handle is looked up by the digest of all of it, after its length and checksum were found right.
 */
describe('a handle that is not the whole handle', () => {
  let sts: ExchangeUnderTest;
  let handle: string;
  beforeAll(async () => {
    sts = await ExchangeUnderTest.create();
    ({ handle } = await sts.exchange());
  });

  const isActive = async (presented: string): Promise<boolean> =>
    (await new Introspection(sts.parts).introspect(presented)).active;

  it('X-23: is inactive when it is cut anywhere, and the whole one is active', async () => {
    for (let length = 0; length < handle.length; length += 1) {
      expect(await isActive(handle.slice(0, length))).toBe(false);
      expect(await isActive(handle.slice(handle.length - length))).toBe(false);
    }
    expect(await isActive(handle)).toBe(true);
  });

  it('X-23: is inactive when any one letter is of the other case', async () => {
    for (const [at, character] of Array.from(handle).entries()) {
      const changed = handle.slice(0, at) + flipped(character) + handle.slice(at + 1);
      expect(await isActive(changed)).toBe(changed === handle);
    }
  });

  it.each(CHANGES)('X-23: is inactive when it is %s', async (_, change) => {
    expect(await isActive(change(handle))).toBe(false);
  });

  it(
    'X-23: is inactive whatever stands before, within or behind it',
    async () => {
      const text = fc.string({ unit: codePoint, minLength: 1, maxLength: 3 });
      await fc.assert(
        fc.asyncProperty(fc.nat(handle.length), text, fc.boolean(), async (at, by, instead) => {
          const changed = handle.slice(0, at) + by + handle.slice(instead ? at + by.length : at);
          fc.pre(changed !== handle);
          expect(await isActive(changed)).toBe(false);
        }),
        { numRuns: runs(300) },
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});

describe('the endpoints, given what is not the whole handle', () => {
  let endpoint: StsEndpoint;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
  });
  afterAll(() => endpoint.close());

  const introspected = async (presented: string): Promise<string> => {
    const { plaintext } = await endpoint.sts.operatorHandle();
    const headers = { authorization: `Bearer ${plaintext}` };
    const response = await endpoint.post('/oauth2/introspect', { token: presented }, headers);
    expect(response.status).toBe(200);
    return response.text();
  };
  const ACTIVE = expect.stringContaining('"active":true') as string;

  it.each(CHANGES)(
    'X-23: say that it is inactive and no more, when it is %s',
    async (_, change) => {
      const { plaintext } = await endpoint.sts.issued();
      expect(await introspected(change(plaintext))).toBe('{"active":false}');
      expect(await introspected(plaintext)).toEqual(ACTIVE);
    },
  );

  it.each(CHANGES)('X-23, R-04: revoke nothing when it is %s', async (_, change) => {
    const { plaintext } = await endpoint.sts.issued();
    const before = endpoint.sts.journal.events.length;
    const response = await endpoint.post('/oauth2/revoke', { token: change(plaintext) });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(endpoint.sts.journal.events).toHaveLength(before);
    expect(await introspected(plaintext)).toEqual(ACTIVE);
  });

  // White space around a field's value, and a NUL in it, do not come through the HTTP parser.
  const inHeader = CHANGES.filter(([, change]) => !/[\s\0]/.test(change('x')));
  it.each(inHeader)('X-23: let nobody operate by it, when it is %s', async (_, change) => {
    const { plaintext } = await endpoint.sts.operatorHandle();
    const headers = { authorization: `Bearer ${change(plaintext)}` };
    const response = await endpoint.post('/oauth2/introspect', { token: 'x' }, headers);
    expect(response.status).toBe(401);
  });

  it.each(CHANGES)('X-23, A-08: exchange nothing for it, when it is %s', async (_, change) => {
    const { plaintext } = await endpoint.sts.issued();
    const parameters = { subject_token: change(plaintext), subject_token_type: HANDLE_TYPE };
    const handlesBefore = endpoint.sts.records.handles.size;
    const baseline = await endpoint.sts.baseline(parameters);
    expect((await endpoint.post('/oauth2/token', baseline)).status).toBe(400);
    expect(endpoint.sts.records.handles.size).toBe(handlesBefore);
  });

  it(
    'X-23: revoke nothing whatever character is changed',
    async () => {
      const { plaintext } = await endpoint.sts.issued();
      const character = fc.constantFrom('0', '9', 'a', 'z', 'A', 'Z', '_', '-', '=', '%');
      await fc.assert(
        fc.asyncProperty(fc.nat(plaintext.length - 1), character, async (at, by) => {
          fc.pre(plaintext[at] !== by);
          const changed = plaintext.slice(0, at) + by + plaintext.slice(at + 1);
          expect((await endpoint.post('/oauth2/revoke', { token: changed })).status).toBe(200);
        }),
        { numRuns: runs(100) },
      );
      expect(await introspected(plaintext)).toEqual(ACTIVE);
    },
    PROPERTY_TIMEOUT_MS,
  );
});
