import { type RuleId } from '#detection';

/** The rules that there are attacks for. */
export const INLINE = ['D01', 'D02', 'D03', 'D04', 'D06', 'D09'] as const satisfies RuleId[];
export const STREAM = ['D07', 'D08', 'D10', 'D11', 'D12', 'D17'] as const satisfies RuleId[];

/** D17 by the median alone, as the design has it: for who wants to see what the busy hours are worth. */
export const MEDIAN_ALONE = { finder: 'D17 by the median alone', busyFactor: 1e-9 } as const;

/** Attacks of the design that are not simulated, and why. */
export const NOT_BUILT = {
  D19: 'decided by a list of entities, and by no figure: test/contract/vault-audit.test.ts has the lines of a real OpenBao',
} as const satisfies Partial<Record<RuleId, string>>;
