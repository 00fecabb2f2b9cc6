import { generateKeyPairSync, sign } from 'node:crypto';
import { IssuerRegistry, SubjectTokenVerifier } from '#identity';
import {
  aVerifier,
  FixedClock,
  InMemoryKeySource,
  type TestAlgorithm,
  TestIssuer,
  type VerifierUnderTest,
} from '#testing';

const refusal = { code: 'token-rejected', reason: 'invalid_signature' };
const audience = 'https://postern.test';

describe('the signature of a subject token', () => {
  it.each<TestAlgorithm>(['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'])(
    'verifies with %s',
    async (algorithm) => {
      const { verifier, issuer } = await aVerifier({}, algorithm);
      const token = await verifier.verify(await issuer.mint());
      expect(token.keyId).toBe(issuer.keyId);
    },
  );

  it.each<TestAlgorithm>(['ES256', 'RS256', 'PS256', 'EdDSA'])(
    'is rejected with %s when another key made it',
    async (algorithm) => {
      const { verifier, issuer, clock } = await aVerifier({}, algorithm);
      const { keyId } = issuer;
      const forger = await TestIssuer.create({ issuer: issuer.issuer, algorithm, clock, keyId });
      await expect(verifier.verify(await forger.mint())).rejects.toMatchObject(refusal);
    },
  );

  describe('J-27 malformed signatures', () => {
    let under: VerifierUnderTest;
    beforeAll(async () => (under = await aVerifier()));

    const signedWith = async (signature: Buffer): Promise<string> => {
      const [header, payload] = (await under.issuer.mint()).split('.');
      return `${header!}.${payload!}.${signature.toString('base64url')}`;
    };
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551';

    it.each([
      ['r and s of zero', Buffer.alloc(64)],
      ['r and s of the order of the curve', Buffer.from(order + order, 'hex')],
      ['r of one and s of zero', Buffer.alloc(64).fill(1, 31, 32)],
      ['one byte', Buffer.alloc(1)],
      ['65 bytes', Buffer.alloc(65, 1)],
    ])('rejects %s', async (_what, signature) => {
      await expect(under.verifier.verify(await signedWith(signature))).rejects.toMatchObject(
        refusal,
      );
    });

    it('rejects a DER-encoded signature of the right key', async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'der', alg: 'ES256' };
      const { verifier, keys, issuer } = await aVerifier();
      keys.publish(issuer.issuer, [jwk]);
      const [header, payload] = (await issuer.mint({}, { kid: 'der' })).split('.');
      const signingInput = Buffer.from(`${header!}.${payload!}`);
      const der = sign('sha256', signingInput, { key: privateKey, dsaEncoding: 'der' });
      const raw = sign('sha256', signingInput, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      const withSignature = (bytes: Buffer): string =>
        `${signingInput.toString()}.${bytes.toString('base64url')}`;
      await expect(verifier.verify(withSignature(der))).rejects.toMatchObject(refusal);
      await expect(verifier.verify(withSignature(raw))).resolves.toBeDefined();
    });

    it('rejects a key of the wrong curve', async () => {
      const { verifier, issuer, keys, clock } = await aVerifier();
      const wide = await TestIssuer.create({ issuer: issuer.issuer, algorithm: 'ES384', clock });
      keys.publish(issuer.issuer, [wide.publicJwk({ alg: 'ES256' })]);
      const compactJws = await wide.mint({}, { alg: 'ES256' });
      await expect(verifier.verify(compactJws)).rejects.toMatchObject(refusal);
    });

    it('rejects a point that is not on its curve', async () => {
      const { verifier, issuer, keys } = await aVerifier();
      const y = Buffer.alloc(32, 7).toString('base64url');
      keys.publish(issuer.issuer, [issuer.publicJwk({ y })]);
      await expect(verifier.verify(await issuer.mint())).rejects.toMatchObject(refusal);
    });

    it('rejects an RSA key of 1024 bits', async () => {
      const clock = new FixedClock();
      const issuer = await TestIssuer.create({
        issuer: 'https://idp.test',
        algorithm: 'RS256',
        modulusBits: 1024,
        clock,
      });
      const issuers = IssuerRegistry.of([issuer.declaration()]);
      const keys = InMemoryKeySource.of([issuer], clock);
      const verifier = new SubjectTokenVerifier({ issuers, keys, clock, audience });
      await expect(verifier.verify(await issuer.mint())).rejects.toMatchObject({
        ...refusal,
        message: expect.stringContaining('at least 2048 bits') as unknown,
      });
    });
  });
});
