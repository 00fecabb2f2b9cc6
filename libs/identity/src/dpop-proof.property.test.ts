import fc from 'fast-check';
import { DPOP_ALGORITHMS, DpopProofRejected, verifyDpopProof } from '#identity';
import { codePoint, DpopKey, type DpopTestAlgorithm, FixedClock } from '#testing';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 500;
// Of the long volume: an RSA key is judged anew for each proof.
const TIMEOUT_MS = 120_000;

describe.each(['ES256', 'EdDSA', 'RS256', 'PS256'] as const)(
  'a DPoP proof of %s that was tampered with',
  (algorithm: DpopTestAlgorithm) => {
    const clock = new FixedClock();
    let key: DpopKey;
    let proof: string;

    beforeAll(async () => {
      key = await DpopKey.create({ clock, algorithm });
      proof = key.proof();
    });

    const verify = (text: string): Promise<unknown> =>
      verifyDpopProof(text, {
        method: 'POST',
        uri: 'https://postern.test/token',
        now: clock.now(),
        algorithms: DPOP_ALGORITHMS,
      });

    it('is accepted before anything is changed', async () => {
      await expect(verify(proof)).resolves.toMatchObject({ jkt: key.jkt });
    });

    it(
      'D-02: is rejected with any one bit of its text changed',
      async () => {
        await fc.assert(
          fc.asyncProperty(fc.nat(proof.length * 8 - 1), async (bit) => {
            await expect(
              verify(withBitChanged(Buffer.from(proof), bit).toString('latin1')),
            ).rejects.toThrow(DpopProofRejected);
          }),
          { numRuns: RUNS },
        );
      },
      TIMEOUT_MS,
    );

    it(
      'D-02: is rejected with any one bit of what a part encodes changed',
      async () => {
        const parts = proof.split('.').map((part) => Buffer.from(part, 'base64url'));
        await fc.assert(
          fc.asyncProperty(fc.nat(2), fc.nat(), async (part, at) => {
            const bytes = parts[part]!;
            const changed = parts.with(part, withBitChanged(bytes, at % (bytes.length * 8)));
            const text = changed.map((one) => one.toString('base64url')).join('.');
            await expect(verify(text)).rejects.toThrow(DpopProofRejected);
          }),
          { numRuns: RUNS },
        );
      },
      TIMEOUT_MS,
    );

    it('D-02: is rejected shortened and lengthened', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(proof.length - 1),
          fc.base64String({ minLength: 1 }),
          async (at, more) => {
            await expect(verify(proof.slice(0, at))).rejects.toThrow(DpopProofRejected);
            await expect(verify(proof + more)).rejects.toThrow(DpopProofRejected);
          },
        ),
        { numRuns: 100 },
      );
    });
  },
);

it('D-02: whatever text stands for a proof is rejected with a DpopProofRejected', async () => {
  const arbitrary = fc.oneof(
    fc.string({ unit: codePoint }),
    fc
      .tuple(fc.json(), fc.json(), fc.string())
      .map((parts) => parts.map((part) => Buffer.from(part).toString('base64url')).join('.')),
  );
  await fc.assert(
    fc.asyncProperty(arbitrary, async (text) => {
      const verified = verifyDpopProof(text, {
        method: 'POST',
        uri: 'https://postern.test/token',
        now: new FixedClock().now(),
        algorithms: DPOP_ALGORITHMS,
      });
      await expect(verified).rejects.toThrow(DpopProofRejected);
    }),
    { numRuns: RUNS },
  );
});

function withBitChanged(bytes: Uint8Array, bit: number): Buffer<ArrayBuffer> {
  const changed = Buffer.from(bytes);
  const at = Math.floor(bit / 8);
  changed.writeUInt8(changed.readUInt8(at) ^ (1 << (bit % 8)), at);
  return changed;
}
