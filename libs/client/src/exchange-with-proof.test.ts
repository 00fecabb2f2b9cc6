import { inspect } from 'node:util';
import { DpopServer } from '../../../test/support/dpop-server.js';
import { DpopProver } from './dpop-prover.js';
import { PosternClient } from './postern-client.js';

const request = { subjectToken: 'a.b.c', audience: 'ledger' };

let server: DpopServer;
let prover: DpopProver;
let client: PosternClient;
beforeEach(async () => {
  server = await DpopServer.start();
  prover = await DpopProver.generate();
  client = new PosternClient(server.origin, { proof: 'dpop', prover });
});
afterEach(() => server.stop());

const nonces = () => server.seen.map(({ proof }) => proof?.claims['nonce']);

it('answers the demand for a nonce once, and has a handle bound to its key', async () => {
  expect((await client.exchange(request)).tokenType).toBe('DPoP');
  expect(nonces()).toEqual([undefined, expect.any(String)]);
  expect(server.seen.map(({ proof }) => proof?.jkt)).toEqual([prover.jkt, prover.jkt]);
});

it('sends the same form with the second proof', async () => {
  await client.exchange(request);
  expect(server.seen[1]!.body).toContain('subject_token=a.b.c');
  expect(server.seen[1]!.body).toBe(server.seen[0]!.body);
});

it('brings the nonce along at the next exchange', async () => {
  await client.exchange(request);
  await client.exchange(request);
  expect(server.seen).toHaveLength(3);
  expect(nonces()[2]).toBe(nonces()[1]);
});

it('takes the newer nonce of a successful answer', async () => {
  server.renewsNonces = true;
  await client.exchange(request);
  await client.exchange(request);
  expect(server.seen).toHaveLength(3);
  expect(nonces()[2]).not.toBe(nonces()[1]);
});

it('gives up after the second demand for a nonce', async () => {
  server.acceptsNonces = false;
  await expect(client.exchange(request)).rejects.toMatchObject({
    name: 'PosternRefused',
    status: 400,
    code: 'use_dpop_nonce',
  });
  expect(server.seen).toHaveLength(2);
});

it.each([
  ['none', false],
  ['two in one', 'first, second'],
  ['one with a quotation mark', 'fir"st'],
  ['one of 2 KiB', 'n'.repeat(2048)],
])('does not ask again when the demand for a nonce brings %s', async (_, given) => {
  server.givesNonces = given;
  await expect(client.exchange(request)).rejects.toMatchObject({ code: 'use_dpop_nonce' });
  expect(server.seen).toHaveLength(1);
});

it('refuses a handle that is not bound although it proved its key', async () => {
  server.tokenType = 'Bearer';
  const failure = client.exchange(request);
  await expect(failure).rejects.toMatchObject({ name: 'PosternClientError', code: 'downgraded' });
  expect(inspect(await failure.catch((error: unknown) => error))).not.toContain('pst_');
});

it('takes token_type in any case', async () => {
  server.tokenType = 'dpop';
  expect((await client.exchange(request)).tokenType).toBe('DPoP');
});

it('refuses a token_type that it does not know', async () => {
  server.tokenType = 'N_A';
  await expect(client.exchange(request)).rejects.toMatchObject({ code: 'unexpected_answer' });
});

it('makes one key for its life when it was given none', async () => {
  const alone = new PosternClient(server.origin, { proof: 'dpop' });
  await Promise.all([alone.exchange(request), alone.exchange(request)]);
  const keys = server.seen.map(({ proof }) => proof?.jkt);
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toEqual(expect.any(String));
  expect(keys[0]).not.toBe(prover.jkt);
});

it('keeps the nonces of two origins apart', async () => {
  const other = await DpopServer.start();
  await client.exchange(request);
  await new PosternClient(other.origin, { proof: 'dpop', prover })
    .exchange(request)
    .finally(() => other.stop());
  const atOther = other.seen.map(({ proof }) => proof?.claims['nonce']);
  expect(atOther).toEqual([undefined, expect.any(String)]);
});

it('makes no proof unless it was asked to', async () => {
  const issued = await new PosternClient(server.origin).exchange(request);
  expect(issued.tokenType).toBe('Bearer');
  expect(server.seen[0]!.headers).not.toHaveProperty('dpop');
});

it.each(['family', 'task'] as const)(
  'revokes a bound handle and its %s with a proof that names the handle, and a nonce',
  async (cascade) => {
    const issued = await client.exchange(request);
    await client.revoke(issued, { cascade });
    const { url, body, headers, proof } = server.seen.at(-1)!;
    expect([url, headers.authorization, proof?.jkt]).toEqual([
      '/oauth2/revoke',
      undefined,
      prover.jkt,
    ]);
    expect(new URLSearchParams(body).get('cascade')).toBe(cascade);
    expect(proof!.claims).toMatchObject({
      ath: expect.any(String) as unknown,
      nonce: expect.any(String) as unknown,
    });
  },
);

it('answers the demand for a nonce at a revocation once', async () => {
  const issued = await client.exchange(request);
  const fresh = new PosternClient(server.origin, {
    proof: 'dpop',
    prover: await DpopProver.generate(),
  });
  await expect(fresh.revoke(issued, { cascade: 'task' })).rejects.toMatchObject({
    name: 'PosternRefused',
    code: 'invalid_dpop_proof',
  });
  expect(nonces().slice(2)).toEqual([undefined, expect.any(String)]);
});

it('is told when a bound handle is to take its family along without a proof', async () => {
  const issued = await client.exchange(request);
  const without = new PosternClient(server.origin);
  await expect(without.revoke(issued, { cascade: 'family' })).rejects.toMatchObject({
    code: 'invalid_dpop_proof',
  });
});

it('revokes without a proof', async () => {
  await client.revoke(await client.exchange(request));
  expect(server.seen.at(-1)).toMatchObject({ url: '/oauth2/revoke', proof: undefined });
  expect(server.seen.at(-1)!.body).toMatch(/^token=pst_test_/);
});
