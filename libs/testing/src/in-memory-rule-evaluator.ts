import {
  type Candidate,
  type EvaluationSpan,
  RuleEvaluator,
  type RuleId,
  type RuleSettings,
} from '#detection';

/** Rules that find what a test says they would, in its window. */
export class InMemoryRuleEvaluator extends RuleEvaluator {
  /** What the evidence shows. */
  finds: readonly Candidate[] = [];
  readonly asked: { readonly rule: RuleId; readonly settings: RuleSettings }[] = [];
  failure: Error | undefined;

  constructor(override readonly rules: readonly RuleId[]) {
    super();
  }

  override async evaluate(
    rule: RuleId,
    settings: RuleSettings,
    { from, until }: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    this.asked.push({ rule, settings });
    if (this.failure !== undefined) throw this.failure;
    return this.finds.filter(
      (one) => one.rule === rule && one.startAt < until && one.endAt >= from,
    );
  }
}
