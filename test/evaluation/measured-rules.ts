import { type RuleId } from '#detection';

/** The rules that there are attacks for. */
export const INLINE = ['D01', 'D02', 'D03', 'D04', 'D06', 'D09'] as const satisfies RuleId[];
export const STREAM = ['D07', 'D08', 'D10', 'D11', 'D12', 'D17'] as const satisfies RuleId[];

/** Attacks of the design that nothing here looks for, and why. */
export const NOT_BUILT = {
  D19: 'no event tells what the audit log of Vault does: reads past Postern are not seen, recall 0',
} as const satisfies Partial<Record<RuleId, string>>;
