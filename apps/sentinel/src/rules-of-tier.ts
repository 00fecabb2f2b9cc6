import {
  type Candidate,
  type EvaluationSpan,
  RuleEvaluator,
  type RuleId,
  RULES,
  type RuleSettings,
  type RuleTier,
} from '#detection';

/** The rules of one tier: each tier has its own rhythm. */
export class RulesOfTier extends RuleEvaluator {
  override readonly rules: readonly RuleId[];

  /** @param isElsewhere Those that somebody else computes. */
  constructor(
    private readonly all: RuleEvaluator,
    tier: RuleTier,
    isElsewhere: (rule: RuleId) => boolean = () => false,
  ) {
    super();
    this.rules = all.rules.filter((rule) => RULES[rule].tier === tier && !isElsewhere(rule));
  }

  override evaluate(
    rule: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    return this.all.evaluate(rule, settings, span);
  }
}
