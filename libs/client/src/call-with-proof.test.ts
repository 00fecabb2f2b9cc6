import { createHash } from 'node:crypto';
import { DpopServer } from '../../../test/support/dpop-server.js';
import { type IssuedHandle } from './issued-handle.js';
import { PosternClient } from './postern-client.js';

type Body = NonNullable<RequestInit['body']>;

let server: DpopServer;
let client: PosternClient;
let issued: IssuedHandle;
beforeEach(async () => {
  server = await DpopServer.start();
  client = new PosternClient(server.origin, { proof: 'dpop' });
  issued = await client.exchange({ subjectToken: 'a.b.c', audience: 'ledger' });
  server.seen.length = 0;
});
afterEach(() => server.stop());

const proofs = () => server.seen.map(({ proof }) => proof?.claims ?? {});
const post = (body: Body): RequestInit & { duplex: 'half' } => ({
  method: 'POST',
  body,
  duplex: 'half',
});
const stream = (text: string): ReadableStream => new Blob([text]).stream() as ReadableStream;

it('answers the demand for a nonce once, and the call goes through', async () => {
  const response = await client.call(issued, 'ledger', 'accounts/42');
  expect(await response.text()).toBe('legacy');
  expect(proofs().map(({ nonce }) => nonce)).toEqual([undefined, expect.any(String)]);
});

it('never shows a nonce of the token endpoint to the proxy, nor the other way round', async () => {
  await client.call(issued, 'ledger', 'accounts/42');
  await client.exchange({ subjectToken: 'a.b.c', audience: 'ledger' });
  const [atFirst, atProxy, atToken] = proofs().map(({ nonce }) => nonce);
  expect(atFirst).toBeUndefined();
  expect(atToken).toEqual(expect.any(String));
  expect(atToken).not.toBe(atProxy);
  expect(server.seen).toHaveLength(3);
});

it('proves method, URL without query, and handle', async () => {
  await client.call(issued, 'ledger', '/accounts/4 2?year=2024#top', { method: 'delete' });
  expect(server.seen[1]).toMatchObject({
    method: 'DELETE',
    url: '/proxy/ledger/accounts/4%202?year=2024',
    headers: { authorization: `DPoP ${issued.handle}` },
  });
  expect(proofs()[1]).toMatchObject({
    htm: 'DELETE',
    htu: `${server.origin}/proxy/ledger/accounts/4%202`,
    ath: createHash('sha256').update(issued.handle).digest('base64url'),
  });
});

it('takes the handle as text, and white space around it for nothing', async () => {
  const response = await client.call(` ${issued.handle}\n`, 'ledger', 'accounts/42');
  expect(response.status).toBe(200);
});

it('makes a fresh proof for each request', async () => {
  const calls = Array.from({ length: 10 }, () => client.call(issued, 'ledger', 'accounts/42'));
  const statuses = (await Promise.all(calls)).map(({ status }) => status);
  expect(new Set(statuses)).toEqual(new Set([200]));
  const ids = proofs().map(({ jti }) => jti);
  expect(new Set(ids).size).toBe(ids.length);
});

it('takes the newer nonce of an answer of the legacy system', async () => {
  server.renewsNonces = true;
  for (let call = 0; call < 3; call += 1) await client.call(issued, 'ledger', 'accounts/42');
  expect(server.seen).toHaveLength(4);
});

it('hands back the refusal after the second demand for a nonce', async () => {
  server.acceptsNonces = false;
  const response = await client.call(issued, 'ledger', 'accounts/42');
  expect(response.status).toBe(401);
  expect(response.headers.get('postern-error')).toBe('use_dpop_nonce');
  expect(server.seen).toHaveLength(2);
});

it('hands back the refusal when the demand for a nonce brings none', async () => {
  server.givesNonces = false;
  expect((await client.call(issued, 'ledger', 'accounts/42')).status).toBe(401);
  expect(server.seen).toHaveLength(1);
});

it.each([
  ['a string', 'a=1'],
  ['bytes', new TextEncoder().encode('a=1')],
  ['a buffer', new TextEncoder().encode('a=1').buffer],
  ['a form', new URLSearchParams({ a: '1' })],
  ['a blob', new Blob(['a=1'])],
] as [string, Body][])('sends %s twice when Postern wants a nonce', async (_, body) => {
  expect((await client.call(issued, 'ledger', 'entries', post(body))).status).toBe(200);
  expect(server.seen.map((request) => request.body)).toEqual(['a=1', 'a=1']);
});

it('sends a multipart form twice when Postern wants a nonce', async () => {
  const body = new FormData();
  body.set('amount', '1');
  expect((await client.call(issued, 'ledger', 'entries', post(body))).status).toBe(200);
  expect(server.seen.map((request) => request.body)).toEqual([
    expect.stringContaining('name="amount"'),
    expect.stringContaining('name="amount"'),
  ]);
});

it('does not send a stream twice; the call after it has the nonce', async () => {
  await expect(client.call(issued, 'ledger', 'entries', post(stream('a=1')))).rejects.toMatchObject(
    { name: 'PosternClientError', code: 'body_not_replayable' },
  );
  expect(server.seen).toHaveLength(1);
  const second = await client.call(issued, 'ledger', 'entries', post(stream('a=2')));
  expect(second.status).toBe(200);
  expect(server.seen.map((request) => request.body)).toEqual(['a=1', 'a=2']);
});

it('does not repeat a call for a 401 of the legacy system, whatever it looks like', async () => {
  await client.call(issued, 'ledger', 'entries');
  server.seen.length = 0;
  server.legacyAnswer = {
    status: 401,
    headers: { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'of-the-ledger' },
  };
  expect((await client.call(issued, 'ledger', 'entries', post('a=1'))).status).toBe(401);
  expect(server.seen).toHaveLength(1);
});

it('follows no redirect, whatever was asked for: the proof is good for one URL', async () => {
  server.legacyAnswer = { status: 302, headers: { location: '/elsewhere' } };
  const response = await client.call(issued, 'ledger', 'accounts/42', { redirect: 'follow' });
  expect(response.status).toBe(302);
  expect(server.seen.map(({ url }) => url)).not.toContain('/elsewhere');
});

it('never shows a bound handle as Bearer', async () => {
  const keyless = new PosternClient(server.origin);
  await expect(keyless.call(issued, 'ledger', 'accounts/42')).rejects.toMatchObject({
    code: 'proof_key_missing',
  });
  expect(server.seen).toHaveLength(0);
});

it('never shows an unbound handle when it makes proofs', async () => {
  const unbound = { ...issued, tokenType: 'Bearer' } as const;
  await expect(client.call(unbound, 'ledger', 'accounts/42')).rejects.toMatchObject({
    code: 'downgraded',
  });
  expect(server.seen).toHaveLength(0);
});

it('is refused with a handle that is bound to the key of another', async () => {
  const other = new PosternClient(server.origin, { proof: 'dpop' });
  const response = await other.call(issued, 'ledger', 'accounts/42');
  expect(response.headers.get('postern-error')).toBe('invalid_token');
});
