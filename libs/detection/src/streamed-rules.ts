import { type DetectionEntity } from './candidate.js';
import { type RuleId } from './rule.js';

/** The rules that a stream processor computes, each with what its candidates may be about. */
export const STREAMED_RULES: ReadonlyMap<RuleId, readonly DetectionEntity['type'][]> = new Map([
  ['D05', ['handle']],
  ['D07', ['handle']],
  ['D08', ['source']],
  ['D10', ['subject']],
  ['D11', ['subject']],
  ['D12', ['subject', 'source']],
  ['D13', ['subject']],
  ['D14', ['handle']],
  ['D15', ['resource']],
  ['D17', ['resource', 'handle']],
  ['D21', ['resource']],
]);
