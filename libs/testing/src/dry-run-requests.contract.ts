import { type DryRunRequests, type TriedRule } from '#detection';
import { secondsAfter } from '#kernel';
import { DETECTION_AT } from './detection-builders.js';

export interface DryRunRequestsUnderTest {
  /** For who asks, and sees what was tried. */
  readonly asking: DryRunRequests;
  /** For who tries. */
  readonly taking: DryRunRequests;
  /** Remembers that a rule was tried. */
  readonly tried: (tried: TriedRule) => Promise<void>;
}

const ruleOf = ({ rule }: { readonly rule: string }): string => rule;

/** What DryRunRequests must do; none are asked for or remembered at first. */
export function dryRunRequestsContract(make: () => Promise<DryRunRequestsUnderTest>): void {
  describe('as requests for dry runs', () => {
    let under: DryRunRequestsUnderTest;
    beforeEach(async () => {
      under = await make();
    });

    it('wait with who asked, the first one first, until they are done', async () => {
      const { asking, taking } = under;
      await asking.ask({ rule: 'D12', operatorId: 'sub_other' });
      await asking.ask({ rule: 'D07', operatorId: 'sub_operator' });
      const asked = [
        { rule: 'D12', operatorId: 'sub_other' },
        { rule: 'D07', operatorId: 'sub_operator' },
      ];
      expect(await taking.waiting()).toEqual(asked);
      expect(await taking.waiting()).toEqual(asked);
      await taking.done('D12');
      expect(await taking.waiting()).toEqual(asked.slice(1));
      await taking.done('D12');
      await taking.done('D07');
      expect(await taking.waiting()).toEqual([]);
    });

    it('are the same while they wait, and of who asked first', async () => {
      const { asking, taking } = under;
      await asking.ask({ rule: 'D07', operatorId: 'sub_operator' });
      await asking.ask({ rule: 'D07', operatorId: 'sub_other' });
      expect(await taking.waiting()).toEqual([{ rule: 'D07', operatorId: 'sub_operator' }]);
      await taking.done('D07');
      await asking.ask({ rule: 'D07', operatorId: 'sub_other' });
      expect(await taking.waiting()).toEqual([{ rule: 'D07', operatorId: 'sub_other' }]);
    });

    it('tell of each rule how it was tried last', async () => {
      const { asking, tried } = under;
      expect(await asking.last()).toEqual([]);
      const first = { rule: 'D07', at: DETECTION_AT, found: 3, by: 'sub_operator' } as const;
      const second = { ...first, at: secondsAfter(DETECTION_AT, 60), found: 0, by: 'sub_other' };
      const other = { ...first, rule: 'D12', found: 1 } as const;
      for (const one of [first, other, second]) await tried(one);
      const last = [...(await asking.last())].sort((a, b) => (ruleOf(a) < ruleOf(b) ? -1 : 1));
      expect(last).toEqual([second, other]);
    });
  });
}
