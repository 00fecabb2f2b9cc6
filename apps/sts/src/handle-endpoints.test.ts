import { type HttpHost, startHttpHost } from '#platform';
import { ExchangeUnderTest, formBody, type FormParameters } from '#testing';
import { StsModule } from './sts.module.js';

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

let sts: ExchangeUnderTest;
let host: HttpHost;

beforeEach(async () => {
  sts = await ExchangeUnderTest.create();
  host = await startHttpHost({
    module: StsModule.register(sts.parts),
    listen: { host: '127.0.0.1', port: 0 },
    configure: (app) => StsModule.configure(app),
  });
});
afterEach(() => host.close(0));

const send = (path: string, init: RequestInit): Promise<Response> =>
  fetch(`http://127.0.0.1:${host.address.port}/oauth2/${path}`, { method: 'POST', ...init });

const post = (path: string, parameters: FormParameters): Promise<Response> =>
  send(path, { body: new URLSearchParams(formBody(parameters)) });

const assertion = async (): Promise<FormParameters> => ({
  client_assertion_type: JWT_BEARER,
  client_assertion: await sts.mint({ sub: 'operator' }),
});

it('introspection takes a client assertion of a workload with a grant for it, once', async () => {
  const { plaintext: token } = await sts.issued();
  const request = { token, ...(await assertion()) };
  expect(await (await post('introspect', request)).json()).toMatchObject({ active: true });
  expect((await post('introspect', request)).status).toBe(401);
});

it('an assertion that was used at the token endpoint is used up for introspection', async () => {
  const asserted = await assertion();
  await post('token', await sts.baseline(asserted));
  const { plaintext: token } = await sts.issued();
  expect((await post('introspect', { token, ...asserted })).status).toBe(401);
});

it.each(['introspect', 'revoke'])('%s takes its parameters from a form alone', async (path) => {
  const { plaintext, handle } = await sts.issued();
  const headers = { 'content-type': 'application/json' };
  const attempts = [
    await send(path, { headers, body: JSON.stringify({ token: plaintext }) }),
    await send(`${path}?token=${plaintext}`, { body: new URLSearchParams() }),
  ];
  for (const response of attempts) {
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
  }
  expect((await sts.handles.findById(handle.id))!.status).toBe('active');
});

it('R-07: revocation refuses what is said to be a refresh token', async () => {
  const response = await post('revoke', { token: 'x', token_type_hint: 'refresh_token' });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: 'unsupported_token_type' });
});
