import { inspect } from 'node:util';
import { DpopServer } from '../../../test/support/dpop-server.js';
import { type ExchangeRequest } from './exchange-request.js';
import { PosternClient } from './postern-client.js';

const JWT_TYPE = 'urn:ietf:params:oauth:token-type:jwt';

let server: DpopServer;
let client: PosternClient;
beforeEach(async () => {
  server = await DpopServer.start();
  client = new PosternClient(`${server.origin}/`);
});
afterEach(() => server.stop());

async function formOf(request: ExchangeRequest): Promise<Record<string, string>> {
  await client.exchange(request);
  return Object.fromEntries(new URLSearchParams(server.seen[0]!.body));
}

it('asks for a resource by its id and sends nothing that was not given', async () => {
  expect(await formOf({ subjectToken: 'a.b.c', audience: 'ledger' })).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: 'a.b.c',
    subject_token_type: JWT_TYPE,
    audience: 'ledger',
  });
});

it('asks for a resource by its URI', async () => {
  const resource = 'https://postern.example/proxy/ledger';
  const form = await formOf({ subjectToken: 'a.b.c', resource, scopes: ['ledger.read', 'x'] });
  expect(form).toMatchObject({ resource, scope: 'ledger.read x' });
  expect(form).not.toHaveProperty('audience');
});

it('sends an actor token with its type', async () => {
  const form = await formOf({ subjectToken: 'a.b.c', audience: 'ledger', actorToken: 'd.e.f' });
  expect(form).toMatchObject({ actor_token: 'd.e.f', actor_token_type: JWT_TYPE });
});

it('sends the token types that it was given', async () => {
  const type = 'urn:ietf:params:oauth:token-type:access_token';
  const form = await formOf({
    subjectToken: 'a.b.c',
    subjectTokenType: type,
    audience: 'ledger',
    actorToken: 'd.e.f',
    actorTokenType: type,
  });
  expect(form).toMatchObject({ subject_token_type: type, actor_token_type: type });
});

it('sends no actor token type without an actor token', async () => {
  const request = { subjectToken: 'a.b.c', audience: 'ledger', actorTokenType: JWT_TYPE };
  await expect(client.exchange(request)).rejects.toMatchObject({ code: 'invalid_argument' });
  expect(server.seen).toHaveLength(0);
});

it('asks for one operation, a task, calls and life as one object of urn:postern:call', async () => {
  const details = {
    method: 'get',
    path: 'accounts/4 2',
    task: 'settlement-7',
    maxCalls: 3,
    expiresInSeconds: 60,
  };
  const form = await formOf({ subjectToken: 'a.b.c', audience: 'ledger', details });
  expect(JSON.parse(form['authorization_details']!)).toEqual([
    {
      type: 'urn:postern:call',
      method: 'GET',
      path: '/accounts/4%202',
      task: 'settlement-7',
      maxCalls: 3,
      expires_in: 60,
    },
  ]);
});

it('says the path of the one call as the call itself will say it', async () => {
  const path = '/a/./b ä/../c%2f';
  const form = await formOf({ subjectToken: 'a.b.c', audience: 'ledger', details: { path } });
  await client.call('pst_test_1', 'ledger', path);
  const [details] = JSON.parse(form['authorization_details']!) as { path: string }[];
  expect(server.seen[1]!.url).toBe(`/proxy/ledger${details!.path}`);
});

it.each(['accounts?year=2024', 'accounts#top', '../other/accounts'])(
  'asks for no one call with the path %s',
  async (path) => {
    const request = { subjectToken: 'a.b.c', audience: 'ledger', details: { path } };
    await expect(client.exchange(request)).rejects.toMatchObject({ code: 'invalid_argument' });
    expect(server.seen).toHaveLength(0);
  },
);

it.each(['../../oauth2/revoke', '%2e%2e/other/accounts', '/..', 'a/../../other'])(
  'calls nothing outside of the resource: %s',
  async (path) => {
    await expect(client.call('pst_test_1', 'ledger', path)).rejects.toMatchObject({
      code: 'invalid_argument',
    });
    expect(server.seen).toHaveLength(0);
  },
);

it('calls no resource that is no resource id', async () => {
  await expect(client.call('pst_test_1', 'ledger/..', 'accounts')).rejects.toMatchObject({
    code: 'invalid_argument',
  });
});

it('calls with the handle as Bearer and no proof', async () => {
  const issued = await client.exchange({ subjectToken: 'a.b.c', audience: 'ledger' });
  expect((await client.call(issued, 'ledger', 'accounts/42')).status).toBe(200);
  expect(server.seen[1]!.headers.authorization).toBe(`Bearer ${issued.handle}`);
  expect(server.seen[1]!.headers).not.toHaveProperty('dpop');
});

it.each(['call', 'revoke'] as const)('%s quotes nothing of a handle that is none', async (verb) => {
  const broken = 'pst_test_secret\r\nx-more: 1';
  const failure = verb === 'call' ? client.call(broken, 'ledger', 'a') : client.revoke(broken);
  await expect(failure).rejects.toMatchObject({ code: 'invalid_argument' });
  expect(inspect(await failure.catch((error: unknown) => error))).not.toContain('secret');
});

it.each([
  ['no JSON', 'pst_test_secret'],
  ['JSON that is no object', '"pst_test_secret"'],
  ['null', 'null'],
  ['a handle that is none', '{"access_token":"pst secret","token_type":"Bearer"}'],
  ['nothing but a handle', '{"access_token":"pst_test_secret","token_type":"Bearer"}'],
])('refuses as an unexpected answer, unquoted: %s', async (_, answer) => {
  server.tokenAnswer = answer;
  const failure = client.exchange({ subjectToken: 'a.b.c', audience: 'ledger' });
  await expect(failure).rejects.toMatchObject({ code: 'unexpected_answer' });
  expect(inspect(await failure.catch((error: unknown) => error))).not.toContain('secret');
});
