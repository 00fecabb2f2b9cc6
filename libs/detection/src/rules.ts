import { inlineRules } from './inline-rules.js';
import { type Rule, type RuleId } from './rule.js';
import { windowedRules } from './windowed-rules.js';

/** The rules as they ship. What each looks for is told in docs/detection.md, in the words of its condition. */
export const RULES: Readonly<Record<RuleId, Rule>> = { ...inlineRules, ...windowedRules };
