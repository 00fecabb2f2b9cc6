import fc from 'fast-check';
import { exchangeAt, PROPERTY_TIMEOUT_MS, refusedExchange, runs } from './refused-exchange.js';
import { type ErrorBody, StsEndpoint } from './sts-endpoint.js';

const OURS = 'https://postern.test';

/**
 * ZITADEL CVE-2026-55669: the exchange took a subject token whatever its `aud` said, so that a token made for any other
 * service could be turned into one of ours. Here `aud` is our public origin, byte for byte and alone.
 */
describe('the audience of a subject token', () => {
  let endpoint: StsEndpoint;
  /** the one answer that every subject token gets which is not acceptable. */
  let constant: ErrorBody;
  beforeAll(async () => {
    endpoint = await StsEndpoint.start();
    constant = await refusedExchange(endpoint, { subject_token: 'garbage' });
  });
  afterAll(() => endpoint.close());

  const refusedWith = async (aud: unknown, parameters = {}): Promise<unknown> => {
    const token = await endpoint.sts.mint({ aud });
    return refusedExchange(endpoint, { subject_token: token, ...parameters });
  };
  const unacceptable = (reason = 'invalid_claims'): unknown => ({
    ...constant,
    error: 'invalid_request',
    reason,
  });

  it.each([
    ['missing', undefined],
    ['null', null],
    ['empty', ''],
    ['an empty list', []],
    ['another service', 'https://other.test'],
    ['a prefix of ours', 'https://postern.tes'],
    ['our host alone', 'postern.test'],
    ['ours and more', 'https://postern.test.attacker.example'],
    ['ours after more', 'https://attacker.example?https://postern.test'],
    ['ours with a slash', `${OURS}/`],
    ['ours with a path', `${OURS}/oauth2/token`],
    ['ours with a port', `${OURS}:443`],
    ['ours with a space', `${OURS} `],
    ['ours with a line break', `${OURS}\n`],
    ['ours in another case', 'https://Postern.test'],
    ['ours in capitals', OURS.toUpperCase()],
    ['ours over http', 'http://postern.test'],
    ['ours as user information', 'https://postern.test@attacker.example'],
    ['two in one string', `${OURS} https://other.test`],
    ['a list in a string', `["${OURS}"]`],
    ['a pattern', '*'],
    ['a list within a list', [[OURS]]],
    ['a number', 1],
    ['true', true],
    ['an object', { 0: OURS, length: 1 }],
    ['a list of a number', [1]],
  ])('J-23: is refused when it is %s', async (_, aud) => {
    expect(await refusedWith(aud)).toEqual(unacceptable());
  });

  it.each([
    ['behind ours', [OURS, 'https://other.test']],
    ['before ours', ['https://other.test', OURS]],
    ['that is ours again', [OURS, OURS]],
    ['that is null', [OURS, null]],
    ['that is a list', [OURS, [OURS]]],
  ])('J-24: is refused when it is a list with another %s', async (_, aud) => {
    expect(await refusedWith(aud)).toEqual(unacceptable());
  });

  it('J-13, J-23: is refused when it is named twice, whichever comes last', async () => {
    const { issuer } = endpoint.sts;
    const foreign = JSON.stringify(issuer.claims({ aud: 'https://other.test' }));
    const ours = JSON.stringify(issuer.claims());
    for (const payload of [
      foreign.replace('{', `{"aud":"${OURS}",`),
      ours.replace('{', '{"aud":"https://other.test",'),
    ]) {
      const token = issuer.sign(issuer.header(), payload);
      const answer = await refusedExchange(endpoint, { subject_token: token });
      expect(answer).toEqual(unacceptable('malformed_token'));
    }
  });

  it.each([
    ['the resource by its id', 'ledger', {}],
    ['the resource by its URI', `${OURS}/proxy/ledger`, { resource: `${OURS}/proxy/ledger` }],
    ['another audience that is asked for', 'archive', { audience: 'archive' }],
  ])('J-23: is not made good by a request for what it names: %s', async (_, aud, parameters) => {
    expect(await refusedWith(aud, parameters)).toEqual(unacceptable());
  });

  it.each([OURS, [OURS]])('is accepted as %j', async (aud) => {
    const token = await endpoint.sts.mint({ aud });
    expect((await exchangeAt(endpoint, { subject_token: token })).status).toBe(200);
  });

  it(
    'J-23: is refused for whatever JSON value it has that is not ours',
    async () => {
      const near = fc
        .tuple(fc.nat(OURS.length), fc.constantFrom('', '/', ' ', '.', 'a', '%', '\u200b'))
        .map(([at, by]) => OURS.slice(0, at) + by + OURS.slice(at + by.length));
      const value = fc.oneof(
        near,
        near.map((aud) => [aud]),
        fc.string(),
        fc.jsonValue(),
      );
      await fc.assert(
        fc.asyncProperty(value, async (aud) => {
          fc.pre(JSON.stringify([aud].flat()) !== JSON.stringify([OURS]));
          expect(await refusedWith(aud)).toMatchObject({ error: 'invalid_request' });
        }),
        { numRuns: runs(150) },
      );
    },
    PROPERTY_TIMEOUT_MS,
  );
});
