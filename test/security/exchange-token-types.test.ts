import { errorOf, StsEndpoint } from './sts-endpoint.js';

const TOKEN = '/oauth2/token';
const TYPE = 'urn:ietf:params:oauth:token-type:';

let endpoint: StsEndpoint;

beforeEach(async () => {
  endpoint = await StsEndpoint.start();
});
afterEach(() => endpoint.close());

it.each([undefined, '', `${TYPE}access_token`])(
  'X-21, X-24: an opaque handle is given for requested_token_type %p',
  async (requested) => {
    const request = await endpoint.sts.baseline({ requested_token_type: requested });
    const answer = (await (await endpoint.post(TOKEN, request)).json()) as Record<string, string>;
    expect(answer['issued_token_type']).toBe(`${TYPE}access_token`);
    expect(answer['access_token']).toMatch(/^pst_test_[0-9A-Za-z]{49}$/);
  },
);

it.each(['jwt', 'refresh_token', 'id_token', 'saml1', 'saml2', 'ACCESS_TOKEN', 'access_token '])(
  'X-22: nothing is given for requested_token_type %s',
  async (requested) => {
    const request = await endpoint.sts.baseline({ requested_token_type: TYPE + requested });
    const response = await endpoint.post(TOKEN, request);
    expect([response.status, (await errorOf(response)).error]).toEqual([400, 'invalid_request']);
    expect(endpoint.sts.records.handles.size).toBe(0);
  },
);

/** The procedure of checking is that of the declared type (RFC 8693 section 2.1): no other is tried. */
describe('X-05: a token that is not of its declared type', () => {
  it.each([
    ['a good JWT as access_token', `${TYPE}access_token`, () => endpoint.sts.mint()],
    ['a good JWT as refresh_token', `${TYPE}refresh_token`, () => endpoint.sts.mint()],
    ['an opaque token as jwt', `${TYPE}jwt`, async () => 'b4c1f0c2e5d64f0f9a1d'],
    ['an opaque token as id_token', `${TYPE}id_token`, async () => 'b4c1f0c2e5d64f0f9a1d'],
    ['a SAML assertion as jwt', `${TYPE}jwt`, async () => btoa('<saml2:Assertion/>')],
  ])('is refused: %s', async (_, type, make) => {
    const { sts } = endpoint;
    const request = await sts.baseline({ subject_token: await make(), subject_token_type: type });
    const response = await endpoint.post(TOKEN, request);
    expect([response.status, (await errorOf(response)).error]).toEqual([400, 'invalid_request']);
    expect(sts.keys.questions).toBe(0);
    expect(sts.records.handles.size).toBe(0);
  });
});
