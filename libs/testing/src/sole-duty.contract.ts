import { type SoleDuty } from '#detection';

export interface SoleDutyUnderTest {
  /** The duty of that name, for another process each time. */
  readonly process: (name: string) => Promise<SoleDuty>;
  /** Ends the process that asked first, without a farewell. */
  readonly kill: (duty: SoleDuty) => Promise<void>;
  /** Resolves when the condition holds. */
  readonly until: (what: string, condition: () => Promise<boolean>) => Promise<void>;
  close(): Promise<void>;
}

/** What every SoleDuty must do. */
export function soleDutyContract(make: () => Promise<SoleDutyUnderTest>): void {
  describe('as a duty of one process', () => {
    let under: SoleDutyUnderTest;
    let one: SoleDuty;
    let other: SoleDuty;

    beforeEach(async () => {
      under = await make();
      [one, other] = [await under.process('rules'), await under.process('rules')];
    });
    afterEach(async () => {
      await Promise.all([one.close(), other.close()]);
      await under.close();
    });

    it('is of who asked first, as often as both ask', async () => {
      expect(await one.isOurs()).toBe(true);
      for (let turn = 0; turn < 3; turn += 1) {
        expect([await other.isOurs(), await one.isOurs()]).toEqual([false, true]);
      }
    });

    it('is of exactly one of many that ask at once', async () => {
      const many = await Promise.all(Array.from({ length: 6 }, () => under.process('rules')));
      const answers = await Promise.all(many.map((duty) => duty.isOurs()));
      expect(answers.filter(Boolean)).toHaveLength(1);
      await Promise.all(many.map((duty) => duty.close()));
    });

    it('is of one process that asks several times at once, and goes to another when that is done', async () => {
      const answers = await Promise.all([one.isOurs(), one.isOurs(), one.isOurs()]);
      expect([...answers, await other.isOurs()]).toEqual([true, true, true, false]);
      await one.close();
      await under.until('it is of the other', () => other.isOurs());
    });

    it('goes to another when who has it is done, and does not come back unasked', async () => {
      expect(await one.isOurs()).toBe(true);
      await one.close();
      await under.until('it is of the other', () => other.isOurs());
      expect(await one.isOurs()).toBe(false);
    });

    it('goes to another when who has it is killed', async () => {
      expect([await one.isOurs(), await other.isOurs()]).toEqual([true, false]);
      await under.kill(one);
      await under.until('it is of the other', () => other.isOurs());
      expect(await one.isOurs().catch(() => false)).toBe(false);
    });

    it('stays with who has it when another is done', async () => {
      expect([await one.isOurs(), await other.isOurs()]).toEqual([true, false]);
      await other.close();
      const next = await under.process('rules');
      expect([await next.isOurs(), await one.isOurs()]).toEqual([false, true]);
      await next.close();
    });

    it('is no other duty', async () => {
      const another = await under.process('upkeep');
      expect([await one.isOurs(), await another.isOurs()]).toEqual([true, true]);
      await another.close();
    });
  });
}
