import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import {
  calculateJwkThumbprint,
  EmbeddedJWK,
  exportJWK,
  generateKeyPair,
  type JWK,
  jwtVerify,
} from 'jose';
import { DPOP_ALGORITHMS, verifyDpopProof } from '#identity';
import { SystemClock } from '#kernel';
import { generateDpopJwk, generateDpopKeys } from './dpop-keys.js';
import { DpopProver } from './dpop-prover.js';

const target = {
  endpoint: 'proxy',
  method: 'GET',
  url: 'https://Postern.example:443/proxy/ledger/a?b=c#d',
} as const;
const nonceOf = async (prover: DpopProver, url: string): Promise<unknown> =>
  (await jwtVerify(await prover.prove({ ...target, url }), EmbeddedJWK)).payload['nonce'];
const keep = (prover: DpopProver, url: string, nonce: string): boolean =>
  prover.remember('proxy', url, new Headers({ 'dpop-nonce': nonce }));
const unusable = { name: 'PosternClientError', code: 'proof_key_unusable' };

it('makes keys that cannot leave the process', async () => {
  const { privateKey } = await generateDpopKeys();
  expect(privateKey.extractable).toBe(false);
});

it('shows the public half of the key and nothing else of it', async () => {
  const jwk = await generateDpopJwk();
  const prover = await DpopProver.ofJwk(jwk);
  const { protectedHeader } = await jwtVerify(await prover.prove(target), EmbeddedJWK);
  const { kty, crv, x, y } = jwk;
  expect(protectedHeader).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
  expect(prover.jkt).toBe(await calculateJwkThumbprint(jwk));
});

it('proves the URL without query and fragment', async () => {
  const prover = await DpopProver.generate();
  const { payload } = await jwtVerify(await prover.prove(target), EmbeddedJWK);
  expect(payload).toEqual({
    htm: 'GET',
    htu: 'https://postern.example/proxy/ledger/a',
    jti: expect.any(String) as unknown,
    iat: expect.any(Number) as unknown,
  });
});

it.each(['', '/', '/accounts/42?year=2024', "/a%2fb/c d/é~!$&'()*+,;=:@"])(
  'makes proofs that Postern itself accepts: %s',
  async (path) => {
    const prover = await DpopProver.generate();
    const uri = new URL(`https://postern.example/proxy/ledger${path}`).href;
    const proof = await prover.prove({ ...target, url: uri, handle: 'pst_test_1' });
    const accessTokenHash = createHash('sha256').update('pst_test_1').digest('base64url');
    const request = { method: 'GET', uri, accessTokenHash, now: new SystemClock().now() };
    const verified = verifyDpopProof(proof, { ...request, algorithms: DPOP_ALGORITHMS });
    await expect(verified).resolves.toMatchObject({ jkt: prover.jkt });
  },
);

it('works with a key pair that it was given', async () => {
  const keys = await generateKeyPair('ES256');
  const prover = await DpopProver.of(keys);
  expect(prover.jkt).toBe(await calculateJwkThumbprint(await exportJWK(keys.publicKey)));
});

it('takes no pair of another algorithm', async () => {
  await expect(DpopProver.of(await generateKeyPair('ES384'))).rejects.toMatchObject(unusable);
});

it('takes no two halves of two pairs', async () => {
  const [{ privateKey }, { publicKey }] = [await generateDpopKeys(), await generateDpopKeys()];
  await expect(DpopProver.of({ privateKey, publicKey })).rejects.toMatchObject(unusable);
});

it('takes no private key in the place of the public one, where it would be sent', async () => {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  await expect(DpopProver.of({ privateKey, publicKey: privateKey })).rejects.toMatchObject(
    unusable,
  );
});

it.each([
  ['text', () => 'key'],
  ['null', () => null],
  ['a public key', ({ kty, crv, x, y }: JWK) => ({ kty, crv, x, y })],
  ['another curve', (jwk: JWK) => ({ ...jwk, crv: 'P-384' })],
  ['an RSA key', (jwk: JWK) => ({ ...jwk, kty: 'RSA' })],
  ['a point beside the curve', (jwk: JWK) => ({ ...jwk, x: jwk.y, y: jwk.x })],
  ['a short number', (jwk: JWK) => ({ ...jwk, d: jwk.d?.slice(1) })],
])('takes no JWK that is %s, and quotes nothing of it', async (_, spoil) => {
  const jwk = await generateDpopJwk();
  const failure = DpopProver.ofJwk(spoil(jwk));
  await expect(failure).rejects.toMatchObject(unusable);
  expect(inspect(await failure.catch((error: unknown) => error))).not.toContain(jwk.d.slice(1));
});

it('takes no JWK whose private part belongs to another key', async () => {
  const [jwk, other] = [await generateDpopJwk(), await generateDpopJwk()];
  await expect(DpopProver.ofJwk({ ...jwk, d: other.d })).rejects.toMatchObject(unusable);
});

it('keeps nonces by origin and endpoint', async () => {
  const prover = await DpopProver.generate();
  expect(keep(prover, 'https://one.example/proxy/a', 'first')).toBe(true);
  expect(await nonceOf(prover, 'https://one.example/proxy/b')).toBe('first');
  expect(await nonceOf(prover, 'https://two.example/proxy/b')).toBeUndefined();
  expect(await nonceOf(prover, 'https://one.example:8443/proxy/b')).toBeUndefined();
  const token = await prover.prove({ ...target, endpoint: 'token', url: 'https://one.example/t' });
  expect((await jwtVerify(token, EmbeddedJWK)).payload).not.toHaveProperty('nonce');
});

it('remembers the nonces of 16 origins and forgets the one that was renewed longest ago', async () => {
  const prover = await DpopProver.generate();
  const url = (origin: number): string => `https://o${origin}.example/proxy/a`;
  for (let origin = 0; origin < 16; origin += 1) keep(prover, url(origin), 'n');
  keep(prover, url(0), 'renewed');
  keep(prover, url(16), 'n');
  expect(await nonceOf(prover, url(0))).toBe('renewed');
  expect(await nonceOf(prover, url(1))).toBeUndefined();
  expect(await nonceOf(prover, url(2))).toBe('n');
  expect(await nonceOf(prover, url(16))).toBe('n');
});
