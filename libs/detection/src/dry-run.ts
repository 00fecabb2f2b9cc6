import { type Digest, sha256 } from '#kernel';
import { type DetectionEntity } from './candidate.js';
import { type RuleId } from './rule.js';
import { type DetectionSettings, type RuleSettings } from './rule-settings.js';
import { RULES } from './rules.js';

/** How far a dry run looks back. */
export const DRY_RUN_DAYS = 7;
/** How long one counts before a rule has to be tried again. */
export const DRY_RUN_VALID_DAYS = 30;

/** What a rule would have done. */
export interface DryRunSum {
  readonly rule: RuleId;
  readonly from: Date;
  readonly until: Date;
  /** How many detections there would have been. */
  readonly detections: number;
  /** How many responses would have been ordered in `enforce`, within the budget. */
  readonly responses: number;
  /** Those with the most detections, at most a hundred. */
  readonly entities: readonly DryRunEntity[];
}

export interface DryRunEntity {
  readonly entity: DetectionEntity;
  readonly detections: number;
  readonly responses: number;
}

/** Settings as they may be acted by. */
export interface PermittedSettings {
  readonly settings: DetectionSettings;
  /** Rules that were to enforce, and only monitor. */
  readonly untried: readonly RuleId[];
}

/**
 * Tries rules on the evidence of the last DRY_RUN_DAYS. A rule that looks at windows may enforce only with thresholds that
 * were tried less than DRY_RUN_VALID_DAYS before.
 */
export abstract class DryRun {
  /**
   * What the rule would have come to with the thresholds that it has in `settings`, whatever its mode is there; it is
   * remembered that it was tried. @throws DependencyUnavailable
   */
  abstract run(
    rule: RuleId,
    settings: DetectionSettings,
    by: { readonly operatorId: string; readonly now: Date },
  ): Promise<DryRunSum>;

  /** The settings with rules that were not tried as they are set only monitoring. @throws DependencyUnavailable */
  abstract permitted(settings: DetectionSettings, now: Date): Promise<PermittedSettings>;
}

/** With these rules only monitoring where they were to enforce, for all resources or for some. */
export function heldBack(settings: DetectionSettings, held: readonly RuleId[]): PermittedSettings {
  const untried = held.filter((rule) => enforces(settings.rules[rule]));
  const rules = { ...settings.rules };
  for (const rule of untried) rules[rule] = monitored(settings.rules[rule]);
  return { settings: { ...settings, rules }, untried };
}

/** Names how a rule is set, apart from its mode: the same for the same thresholds in any order. */
export function settingsDigest(rule: RuleId, { thresholds }: RuleSettings): Digest {
  const set = { ...RULES[rule].thresholds, ...thresholds };
  const listed = Object.entries(set).sort(([one], [other]) => (one < other ? -1 : 1));
  return sha256(JSON.stringify([rule, RULES[rule].revision, listed]));
}

/** Whether it is to enforce at all, be it for one resource. */
export const enforces = ({ mode, resources }: RuleSettings): boolean =>
  mode === 'enforce' || Object.values(resources).includes('enforce');

const monitored = (set: RuleSettings): RuleSettings => ({
  ...set,
  mode: set.mode === 'enforce' ? 'monitor' : set.mode,
  resources: Object.fromEntries(
    Object.entries(set.resources).map(([id, mode]) => [id, mode === 'enforce' ? 'monitor' : mode]),
  ),
});
