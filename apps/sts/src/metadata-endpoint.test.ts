import { type HttpHost, startHttpHost } from '#platform';
import { ExchangeUnderTest, formBody, type FormParameters } from '#testing';
import { StsModule } from './sts.module.js';

type Metadata = Readonly<Record<string, string & readonly string[]>>;

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const PUBLIC_ORIGIN = 'https://postern.test';

let sts: ExchangeUnderTest;
let host: HttpHost;
let metadata: Metadata;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  host = await startHttpHost({
    module: StsModule.register(sts.parts),
    listen: { host: '127.0.0.1', port: 0 },
    configure: (app) => StsModule.configure(app),
  });
  metadata = (await (await get('/.well-known/oauth-authorization-server')).json()) as Metadata;
});
afterEach(() => host.close(0));

const origin = (): string => `http://127.0.0.1:${host.address.port}`;
const get = (path: string): Promise<Response> => fetch(origin() + path);

/** To an endpoint as the metadata names it. */
const post = (
  endpoint: string,
  parameters: FormParameters,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(endpoint.replace(PUBLIC_ORIGIN, origin()), {
    method: 'POST',
    headers,
    body: new URLSearchParams(formBody(parameters)),
  });

const assertion = async (subject: string): Promise<FormParameters> => ({
  client_assertion_type: JWT_BEARER,
  client_assertion: await sts.mint({ sub: subject }),
});

it('M-01: is JSON, and names the issuer as it is configured', async () => {
  const response = await get('/.well-known/oauth-authorization-server');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^application\/json/);
  expect(metadata['issuer']).toBe(PUBLIC_ORIGIN);
});

it('M-05: names no resource, no scope, no grant and no trusted issuer', () => {
  const published = JSON.stringify(metadata);
  for (const inner of ['ledger', 'archive', 'idp.test', 'workload', 'operator', 'admin']) {
    expect(published).not.toContain(inner);
  }
});

describe('M-04: what is offered works', () => {
  it('every grant type', async () => {
    for (const grantType of metadata['grant_types_supported']!) {
      const request = await sts.baseline({ grant_type: grantType });
      expect((await post(metadata['token_endpoint']!, request)).status).toBe(200);
    }
  });

  it('every way to authenticate at the token endpoint', async () => {
    const ways: Record<string, () => Promise<FormParameters>> = {
      none: async () => ({}),
      private_key_jwt: () => assertion('workload-1'),
    };
    for (const way of metadata['token_endpoint_auth_methods_supported']!) {
      const request = await sts.baseline(await ways[way]!());
      expect((await post(metadata['token_endpoint']!, request)).status).toBe(200);
    }
  });

  it('every way to authenticate at the introspection endpoint', async () => {
    const { plaintext: token } = await sts.issued();
    const operator = await sts.operatorHandle();
    const ways: Record<string, () => Promise<Response>> = {
      Bearer: () =>
        post(
          metadata['introspection_endpoint']!,
          { token },
          {
            authorization: `Bearer ${operator.plaintext}`,
          },
        ),
      private_key_jwt: async () =>
        post(metadata['introspection_endpoint']!, { token, ...(await assertion('operator')) }),
    };
    for (const way of metadata['introspection_endpoint_auth_methods_supported']!) {
      expect(await (await ways[way]!()).json()).toMatchObject({ active: true });
    }
  });

  it('revocation', async () => {
    const { plaintext: token } = await sts.issued();
    expect((await post(metadata['revocation_endpoint']!, { token })).status).toBe(200);
  });
});

describe('M-04: what is not offered is refused', () => {
  it.each(['authorization_code', 'client_credentials', 'refresh_token', 'password', 'implicit'])(
    'grant type %s',
    async (grantType) => {
      expect(metadata['grant_types_supported']).not.toContain(grantType);
      const request = await sts.baseline({ grant_type: grantType });
      const response = await post(metadata['token_endpoint']!, request);
      expect(await response.json()).toMatchObject({ error: 'unsupported_grant_type' });
    },
  );

  it('C-03: client secrets, in the body and in the header', async () => {
    const inBody = await sts.baseline({ client_id: 'workload-1', client_secret: 'x' });
    expect((await post(metadata['token_endpoint']!, inBody)).status).toBe(401);
    const inHeader = { authorization: 'Basic eDp5' };
    const request = await sts.baseline();
    expect((await post(metadata['token_endpoint']!, request, inHeader)).status).toBe(401);
    expect((await post(metadata['introspection_endpoint']!, {}, inHeader)).status).toBe(401);
  });
});

it('M-06: tells how the proxy is protected, and names no resource behind it', async () => {
  const response = await get('/.well-known/oauth-protected-resource/proxy');
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    resource: 'https://postern.test/proxy',
    authorization_servers: ['https://postern.test'],
    bearer_methods_supported: ['header'],
    dpop_signing_alg_values_supported: expect.arrayContaining(['ES256']) as string[],
    dpop_bound_access_tokens_required: false,
    tls_client_certificate_bound_access_tokens: true,
  });
});
