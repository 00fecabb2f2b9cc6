import { RULES, type RuleSettings, thresholdOf } from '#detection';
import { isOfPlace, placeLiteral, type RulePlace, SHIPPED_PLACE } from './rule-place.js';
import { type StreamRule } from './stream-rule.js';

const SPAN = ['from', 'until', 'since'] as const;
const NAMED = /(?<!:):([a-z][A-Za-z]*)/g;

/** What stands for a name in the text of a rule: a place for a bound value, or a constant. */
export type Written = (name: string, isInstant: boolean) => string;

/**
 * The text of a rule with what `written` gives for each of its names, and `ofPlace` for those of the deployment; without
 * it they are as a deployment ships. @throws TypeError for a name it cannot have
 */
export function writtenRule(
  { id, text }: StreamRule,
  written: Written,
  ofPlace: (name: keyof RulePlace) => string = placeLiteral,
): string {
  return text.replaceAll(NAMED, (_, name: string) => {
    if (isOfPlace(name)) return ofPlace(name);
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
  /** Default: as a deployment ships. */
  readonly place?: RulePlace;
}

/** A rule as PostgreSQL takes it: names are places, and values are what lies there. */
export function boundRule(
  rule: StreamRule,
  settings: RuleSettings,
  { place = SHIPPED_PLACE, ...span }: RuleSpan,
): { readonly text: string; readonly values: readonly (Date | number | string)[] } {
  const values = new Map<string, Date | number | string>();
  const placeOf = (name: string, value: () => Date | number | string): string => {
    if (!values.has(name)) values.set(name, value());
    return `$${[...values.keys()].indexOf(name) + 1}`;
  };
  const text = writtenRule(
    rule,
    (name, isInstant) => {
      const value = isInstant
        ? () => span[name as keyof typeof span]
        : () => thresholdOf(rule.id, settings, name);
      return `cast(${placeOf(name, value)} as ${isInstant ? 'timestamptz' : 'double precision'})`;
    },
    (name) => `cast(${placeOf(name, () => place[name])} as text)`,
  );
  return { text, values: [...values.values()] };
}
