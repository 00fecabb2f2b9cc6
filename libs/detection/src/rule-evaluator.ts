import { type Candidate } from './candidate.js';
import { type RuleId } from './rule.js';
import { type RuleSettings } from './rule-settings.js';

/** Which time a rule is computed for. */
export interface EvaluationSpan {
  /** Event time, at least this. */
  readonly from: Date;
  /** Event time, less than this. */
  readonly until: Date;
}

/** Computes the rules that look at windows: the SQL of each over what the evidence log keeps. */
export abstract class RuleEvaluator {
  /** The rules that it computes. */
  abstract readonly rules: readonly RuleId[];

  /**
   * What the rule finds whose window ends in the span. The same whatever the order in which the events came, and
   * whether once or twice; complete when all events of the window and of its baseline are there.
   * @throws DependencyUnavailable
   */
  abstract evaluate(
    rule: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]>;
}
