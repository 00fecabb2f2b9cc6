import { type RuleId, ruleIds, type RuleMode } from './rule.js';
import { type DetectionSettings, type RuleSettings } from './rule-settings.js';
import { RULES } from './rules.js';

/** How far behind the newest event a window is closed. */
const WATERMARK_SECONDS = 30;
/** For so long late events are looked at again. */
const LATENESS_SECONDS = 3_600;

/** What the configuration says of detection; of a rule that it does not name nothing. */
export interface DetectionDeclaration {
  readonly rules: Readonly<Record<string, DeclaredRule>>;
  readonly environmentGroups: readonly (readonly string[])[];
  readonly environmentOrder: readonly string[];
  readonly responseBudget: number;
  readonly permitted: DetectionSettings['permitted'];
}

interface DeclaredRule {
  /** Undefined: as the rule ships. */
  readonly mode: RuleMode | undefined;
  readonly resources: Readonly<Record<string, RuleMode>>;
  readonly thresholds: Readonly<Record<string, number>>;
}

/** How a deployment detects. */
export function compileDetection(
  declared: DetectionDeclaration,
  place: Pick<DetectionSettings, 'environment' | 'deployment'>,
): DetectionSettings {
  const { environmentGroups, environmentOrder, responseBudget, permitted } = declared;
  const rules = ruleIds.map((id) => [id, ruleSettings(id, declared.rules[id])] as const);
  return {
    ...place,
    rules: Object.fromEntries(rules) as Record<RuleId, RuleSettings>,
    ...{ environmentGroups, environmentOrder, responseBudget, permitted },
    watermarkSeconds: WATERMARK_SECONDS,
    latenessSeconds: LATENESS_SECONDS,
  };
}

const ruleSettings = (id: RuleId, declared: DeclaredRule | undefined): RuleSettings => ({
  mode: declared?.mode ?? RULES[id].mode,
  resources: declared?.resources ?? {},
  thresholds: declared?.thresholds ?? {},
});
