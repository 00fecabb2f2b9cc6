import { randomUUID } from 'node:crypto';
import { type ProofUses } from '#handles';
import { type Digest, secondsAfter, sha256 } from '#kernel';

export interface ProofUsesUnderTest {
  readonly uses: ProofUses;
  /** Of another process, on the same records. */
  readonly twin: ProofUses;
  close(): Promise<void>;
}

const NOW = new Date('2026-11-20T12:00:00Z');
const LATER = secondsAfter(NOW, 75);
const AT_ONCE = 20;

const aKey = (): Digest => sha256(randomUUID());

/** What every ProofUses must do. */
export function proofUsesContract(make: () => Promise<ProofUsesUnderTest>): void {
  describe('as the memory of DPoP proofs', () => {
    let under: ProofUsesUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    it('D-06: tells the first use of a proof from every later one, in all processes', async () => {
      const key = aKey();
      expect(await under.uses.use(key, LATER)).toBe('first');
      expect(await under.uses.use(key, LATER)).toBe('again');
      expect(await under.twin.use(key, LATER)).toBe('again');
    });

    it('says whether a key is used, which uses up nothing', async () => {
      const key = aKey();
      expect(await under.uses.isUsed(key)).toBe(false);
      expect(await under.uses.isUsed(key)).toBe(false);
      expect(await under.uses.use(key, LATER)).toBe('first');
      expect(await under.twin.isUsed(key)).toBe(true);
      expect(await under.twin.isUsed(aKey())).toBe(false);
    });

    it('D-06: takes another proof for another one', async () => {
      expect(await under.uses.use(aKey(), LATER)).toBe('first');
      expect(await under.uses.use(aKey(), LATER)).toBe('first');
    });

    it('D-06: lets exactly one of many uses at once be the first', async () => {
      const key = aKey();
      const all = Array.from({ length: AT_ONCE }, (_, nth) =>
        (nth % 2 === 0 ? under.uses : under.twin).use(key, LATER),
      );
      const outcomes = await Promise.all(all);
      expect(outcomes.filter((outcome) => outcome === 'first')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'again')).toHaveLength(AT_ONCE - 1);
    });

    it('D-06: lets exactly one of two uses of each of many proofs be the first', async () => {
      const keys = Array.from({ length: AT_ONCE }, aKey);
      // The two processes meet the same proofs in opposite order.
      const one = keys.map((key) => under.uses.use(key, LATER));
      const other = [...keys].reverse().map((key) => under.twin.use(key, LATER));
      const outcomes = await Promise.all(one);
      const others = (await Promise.all(other)).reverse();
      const firsts = keys.map((_, nth) =>
        [outcomes[nth], others[nth]].filter((outcome) => outcome === 'first'),
      );
      expect(firsts).toEqual(keys.map(() => ['first']));
    });

    it('forgets uses whose time is over, and no others', async () => {
      const [old, young] = [aKey(), aKey()];
      await under.uses.use(old, secondsAfter(NOW, -1));
      await under.uses.use(young, secondsAfter(NOW, 1));
      expect(await under.uses.purge(NOW)).toBe(1);
      expect(await under.uses.purge(NOW)).toBe(0);
      expect(await under.uses.use(young, LATER)).toBe('again');
      expect(await under.uses.use(old, LATER)).toBe('first');
    });

    it('still knows a use at the instant until which it is to be remembered', async () => {
      const key = aKey();
      await under.uses.use(key, NOW);
      expect(await under.uses.purge(NOW)).toBe(0);
      expect(await under.uses.use(key, LATER)).toBe('again');
    });

    it('knows a use whose time is over as long as it is not purged', async () => {
      const key = aKey();
      await under.uses.use(key, secondsAfter(NOW, -3600));
      expect(await under.uses.use(key, LATER)).toBe('again');
    });
  });
}
