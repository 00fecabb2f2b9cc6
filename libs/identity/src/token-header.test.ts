import { createHmac } from 'node:crypto';
import { TokenRejected } from '#identity';
import { aVerifier, type TestIssuer, type VerifierUnderTest } from '#testing';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

describe('the header of a subject token', () => {
  let under: VerifierUnderTest;
  let issuer: TestIssuer;

  beforeAll(async () => {
    under = await aVerifier();
    issuer = under.issuer;
  });

  const rejected = async (compactJws: string, reason: string): Promise<void> => {
    await expect(under.verifier.verify(compactJws)).rejects.toMatchObject({
      code: 'token-rejected',
      reason,
    });
  };
  const accepted = async (compactJws: string): Promise<void> => {
    await expect(under.verifier.verify(compactJws)).resolves.toMatchObject({
      identity: { subject: 'workload-1' },
    });
  };
  it('accepts the token that the others are made from', async () => {
    await accepted(await issuer.mint());
  });

  describe('J-01 alg none', () => {
    it.each(['none', 'None', 'NoNe', 'NONE', 'es256', 'ES256 ', ''])('rejects %p', async (alg) => {
      await rejected(await issuer.mint({}, { alg }), 'invalid_signature');
    });

    it('rejects an empty signature', async () => {
      const [header, payload] = (await issuer.mint({}, { alg: 'none' })).split('.');
      await rejected(`${header!}.${payload!}.`, 'malformed_token');
    });

    it('rejects a header without alg', async () => {
      await rejected(await issuer.mint({}, { alg: undefined }), 'malformed_token');
    });

    it('rejects an algorithm that the issuer is not registered with', async () => {
      await rejected(await issuer.mint({}, { alg: 'ES384' }), 'invalid_signature');
    });
  });

  describe('J-02 algorithm confusion', () => {
    it.each(['HS256', 'HS384', 'HS512'])('rejects %s keyed with the public key', async (alg) => {
      const header = base64url(JSON.stringify(issuer.header({ alg })));
      const signingInput = `${header}.${base64url(JSON.stringify(issuer.claims()))}`;
      const publicKey = JSON.stringify(issuer.publicJwk());
      const mac = createHmac(`sha${alg.slice(2)}`, publicKey)
        .update(signingInput)
        .digest('base64url');
      await rejected(`${signingInput}.${mac}`, 'invalid_signature');
    });
  });

  describe('a key that the token brings along', () => {
    it.each([
      ['J-03', 'jwk', (): unknown => issuer.publicJwk()],
      ['J-03', 'x5c', (): unknown => ['MIIB']],
      ['J-04', 'jku', (): unknown => 'https://attacker.example/jwks'],
      ['J-04', 'x5u', (): unknown => 'https://attacker.example/chain.pem'],
    ])('%s rejects %s even with a valid signature', async (_id, name, value) => {
      const questions = under.keys.questions;
      await rejected(await issuer.mint({}, { [name]: value() }), 'malformed_token');
      expect(under.keys.questions).toBe(questions);
    });

    it('J-03 accepts a certificate thumbprint, which is only a name', async () => {
      await accepted(await issuer.mint({}, { x5t: 'kg2LYs2T0CTjIfj4rt6JIynen38' }));
    });
  });

  describe('J-05 kid', () => {
    it.each([
      ['SQL', "' OR 1=1 --"],
      ['a quote', 'a"b'],
      ['a backslash', '..\\..\\windows'],
      ['a space', 'a b'],
      ['a line feed', 'a\n'],
      ['letters beyond ASCII', 'schlüssel'],
      ['nothing', ''],
      ['257 characters', 'k'.repeat(257)],
      ['a number', 1],
      ['a list', ['a']],
      ['null', null],
    ])('rejects %s before asking for keys', async (_what, kid) => {
      const questions = under.keys.questions;
      await rejected(await issuer.mint({}, { kid }), 'malformed_token');
      expect(under.keys.questions).toBe(questions);
    });

    it.each([
      ['a path', '../../dev/null'],
      ['256 characters', 'k'.repeat(256)],
    ])('rejects %s as an unknown key', async (_what, kid) => {
      await rejected(await issuer.mint({}, { kid }), 'invalid_signature');
    });

    it('rejects 10 kB', async () => {
      await rejected(await issuer.mint({}, { kid: 'k'.repeat(10_000) }), 'malformed_token');
    });
  });

  describe('J-06 crit', () => {
    it.each([
      ['an unknown member', { crit: ['exp-hard'], 'exp-hard': true }],
      ['an empty list', { crit: [] }],
      ['a registered member', { crit: ['alg'] }],
      ['b64 false', { crit: ['b64'], b64: false }],
    ])('rejects %s', async (_what, header) => {
      await rejected(await issuer.mint({}, header), 'malformed_token');
    });
  });

  it.each([
    ['b64 false without crit', { b64: false }],
    ['b64 true with crit', { crit: ['b64'], b64: true }],
    ['b64 true alone', { b64: true }],
  ])('J-07 rejects %s', async (_what, header) => {
    await rejected(await issuer.mint({}, header), 'malformed_token');
  });

  describe('J-08 typ', () => {
    it.each([
      'dpop+jwt',
      'secevent+jwt',
      'at+jwt',
      'txntoken+jwt',
      'wit+jwt',
      'logout+jwt',
      'application/at+jwt',
      'application/application/jwt',
      'JOSE',
      'JW T',
      '',
      7,
    ])('rejects %p', async (typ) => {
      await rejected(await issuer.mint({}, { typ }), 'malformed_token');
    });

    it.each(['JWT', 'jwt', 'application/jwt', 'Application/JWT', undefined])(
      'accepts %p',
      async (typ) => {
        await accepted(await issuer.mint({}, { typ }));
      },
    );

    it('accepts only what its issuer is registered with', async () => {
      const other = await aVerifier({ types: ['at+jwt'] });
      await expect(
        other.verifier.verify(await other.issuer.mint({}, { typ: 'at+jwt' })),
      ).resolves.toBeDefined();
      await expect(
        other.verifier.verify(await other.issuer.mint({}, { typ: undefined })),
      ).rejects.toThrow(TokenRejected);
    });
  });
});
