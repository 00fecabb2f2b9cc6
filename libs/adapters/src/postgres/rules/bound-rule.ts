import { RULES, type RuleSettings, thresholdOf } from '#detection';
import { type StreamRule } from './stream-rule.js';

const SPAN = ['from', 'until', 'since'] as const;
const NAMED = /(?<!:):([a-z][A-Za-z]*)/g;

/** What stands for a name in the text of a rule: a place for a bound value, or a constant. */
export type Written = (name: string, isInstant: boolean) => string;

/** The text of a rule with what `written` gives for each of its names. @throws TypeError for a name it cannot have */
export function writtenRule({ id, text }: StreamRule, written: Written): string {
  return text.replaceAll(NAMED, (_, name: string) => {
    const isInstant = (SPAN as readonly string[]).includes(name);
    if (!isInstant && !Object.hasOwn(RULES[id].thresholds, name)) {
      throw new TypeError(`${id} reads ${name}, which is no threshold of it`);
    }
    return written(name, isInstant);
  });
}

export interface RuleSpan {
  readonly from: Date;
  readonly until: Date;
  readonly since: Date;
}

/** A rule as PostgreSQL takes it: names are places, and values are what lies there. */
export function boundRule(
  rule: StreamRule,
  settings: RuleSettings,
  span: RuleSpan,
): { readonly text: string; readonly values: readonly (Date | number)[] } {
  const names: string[] = [];
  const values: (Date | number)[] = [];
  const text = writtenRule(rule, (name, isInstant) => {
    if (!names.includes(name)) {
      names.push(name);
      values.push(isInstant ? span[name as keyof RuleSpan] : thresholdOf(rule.id, settings, name));
    }
    const place = `$${names.indexOf(name) + 1}`;
    return `cast(${place} as ${isInstant ? 'timestamptz' : 'double precision'})`;
  });
  return { text, values };
}
