import { type RuleId, ruleIds, type RuleMode } from './rule.js';
import { RULES } from './rules.js';

/** How one rule is set, for all resources or, by `resources`, otherwise for some. */
export interface RuleSettings {
  readonly mode: RuleMode;
  /** By resource id. */
  readonly resources: Readonly<Record<string, RuleMode>>;
  /** Other figures than the rule ships with, by name, such as `{ distinctDenied: 5 }`. */
  readonly thresholds: Readonly<Record<string, number>>;
}

/** How a deployment detects: `detection:` of postern.yaml, compiled. */
export interface DetectionSettings {
  readonly environment: string;
  readonly deployment: string;
  readonly rules: Readonly<Record<RuleId, RuleSettings>>;
  /** Environments that one issuer's tokens may be exchanged in: no reuse across them. */
  readonly environmentGroups: readonly (readonly string[])[];
  /** From the lowest to the highest; one that is not among them is lower than all. */
  readonly environmentOrder: readonly string[];
  /** Most automatic responses of one rule in ten minutes; then it only tells. Default 20. */
  readonly responseBudget: number;
  /** Actions that may be taken at all besides handles: `suspend_grant` of D02 and none other without being named here. */
  readonly permitted: readonly ('suspend_subject' | 'request_rotation' | 'disable_grant')[];
  /** How far behind the newest event a window is closed, in seconds: 30. */
  readonly watermarkSeconds: number;
  /** Seconds for which late events are looked at again: 3600. */
  readonly latenessSeconds: number;
}

/** Every rule as it ships. */
export const shippedRules = (): Readonly<Record<RuleId, RuleSettings>> =>
  Object.fromEntries(
    ruleIds.map((id) => [id, { mode: RULES[id].mode, resources: {}, thresholds: {} }]),
  ) as Record<RuleId, RuleSettings>;

/** Whether it is looked for at all, be it for one resource. */
export const isOn = ({ mode, resources }: RuleSettings): boolean =>
  [mode, ...Object.values(resources)].some((one) => one !== 'off');

/** A figure of a rule as it is set, or as it ships. @throws TypeError when the rule has none of that name */
export function thresholdOf(rule: RuleId, { thresholds }: RuleSettings, name: string): number {
  const shipped = RULES[rule].thresholds;
  const figure = Object.hasOwn(thresholds, name) ? thresholds[name] : shipped[name];
  if (figure === undefined || !Object.hasOwn(shipped, name)) {
    throw new TypeError(`${rule} has no threshold ${name}`);
  }
  return figure;
}
