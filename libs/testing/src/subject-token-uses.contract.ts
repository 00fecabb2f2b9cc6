import { type HandleStore, type SubjectTokenUses } from '#handles';
import { secondsAfter, sha256 } from '#kernel';
import { aHandle, aHandleIssue, aSubjectTokenUse, HANDLE_ISSUED_AT } from './handle-builders.js';

/** The memory against replay, and the store that writes it. */
export interface SubjectTokenUsesUnderTest {
  readonly uses: SubjectTokenUses;
  readonly store: HandleStore;
  close(): Promise<void>;
}

/** What every SubjectTokenUses must do. */
export function subjectTokenUsesContract(make: () => Promise<SubjectTokenUsesUnderTest>): void {
  describe('as the memory of subject tokens', () => {
    let under: SubjectTokenUsesUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    it('knows nothing of a token that was never exchanged', async () => {
      expect(await under.uses.find(sha256('never'))).toBeUndefined();
    });

    it('knows the use of a token as soon as its handle is issued', async () => {
      const use = aSubjectTokenUse();
      await under.store.issue(aHandleIssue(aHandle(), use));
      expect(await under.uses.find(use.key)).toEqual({
        uses: 1,
        environment: use.environment,
        firstExchangeId: use.exchangeId,
        familyId: use.familyId,
      });
    });

    it('counts later uses, and keeps exchange, family and environment of the first', async () => {
      const first = aSubjectTokenUse({ usesMax: 3 });
      const second = aSubjectTokenUse({ usesMax: 3, key: first.key, environment: 'other' });
      for (const use of [first, second]) await under.store.issue(aHandleIssue(aHandle(), use));
      expect(await under.uses.find(first.key)).toEqual({
        uses: 2,
        environment: first.environment,
        firstExchangeId: first.exchangeId,
        familyId: first.familyId,
      });
    });

    it('forgets uses whose token has expired, and no others', async () => {
      const instant = secondsAfter(HANDLE_ISSUED_AT, 60);
      const old = aSubjectTokenUse({ expiresAt: secondsAfter(instant, -1) });
      const young = aSubjectTokenUse({ expiresAt: secondsAfter(instant, 1) });
      for (const use of [old, young]) await under.store.issue(aHandleIssue(aHandle(), use));
      expect(await under.uses.purge(instant)).toBe(1);
      expect(await under.uses.purge(instant)).toBe(0);
      expect(await under.uses.find(old.key)).toBeUndefined();
      expect(await under.uses.find(young.key)).toBeDefined();
    });

    it('still knows a token at the instant it expires', async () => {
      const use = aSubjectTokenUse();
      await under.store.issue(aHandleIssue(aHandle(), use));
      await under.uses.purge(use.expiresAt);
      expect(await under.uses.find(use.key)).toBeDefined();
    });
  });
}
