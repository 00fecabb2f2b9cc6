import fc from 'fast-check';
import { TokenRejected } from '#identity';
import { aVerifier, codePoint, type VerifierUnderTest } from '#testing';

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

describe('a subject token that was tampered with', () => {
  let verifier: VerifierUnderTest['verifier'];
  let issuer: VerifierUnderTest['issuer'];

  beforeAll(async () => ({ verifier, issuer } = await aVerifier()));

  it('rejects whatever text it is given with a TokenRejected', async () => {
    const arbitrary = fc.oneof(
      fc.string({ unit: codePoint }),
      fc
        .tuple(fc.json(), fc.json(), fc.string())
        .map((parts) => parts.map((part) => base64url(part)).join('.')),
    );
    await fc.assert(
      fc.asyncProperty(arbitrary, async (text) => {
        await expect(verifier.verify(text)).rejects.toThrow(TokenRejected);
      }),
    );
  });

  it('J-10 to J-12: rejects every change of one character of a valid token', async () => {
    const compactJws = await issuer.mint();
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n';
    const change = fc
      .tuple(fc.nat(compactJws.length - 1), fc.constantFrom(...Array.from(alphabet)))
      .filter(([at, character]) => compactJws[at] !== character);
    await fc.assert(
      fc.asyncProperty(change, async ([at, character]) => {
        const changed = compactJws.slice(0, at) + character + compactJws.slice(at + 1);
        await expect(verifier.verify(changed)).rejects.toThrow(TokenRejected);
      }),
      { numRuns: 500 },
    );
  });

  it('J-10: rejects every shortened and every lengthened token', async () => {
    const compactJws = await issuer.mint();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(compactJws.length - 1),
        fc.base64String({ minLength: 1 }),
        async (at, more) => {
          await expect(verifier.verify(compactJws.slice(0, at))).rejects.toThrow(TokenRejected);
          await expect(verifier.verify(compactJws + more)).rejects.toThrow(TokenRejected);
        },
      ),
    );
  });
});
