import {
  type Candidate,
  type EvaluationSpan,
  RuleEvaluator,
  type RuleId,
  RULES,
  type RuleSettings,
} from '#detection';
import { secondsAfter } from '#kernel';
import { type PostgresDatabase } from './postgres-database.js';
import { boundRule, type RuleSpan } from './rules/bound-rule.js';
import { foundCandidate } from './rules/found-candidate.js';
import { EVIDENCE_RULES, type FoundRow, type StreamRule } from './rules/index.js';
import { type RulePlace } from './rules/rule-place.js';

/** Rules sum up: what a pool forbids its short statements is what they need. */
const PLANNER = `
  set local enable_seqscan = on; set local enable_hashjoin = on; set local enable_mergejoin = on; set local jit = off;
  set local work_mem = '64MB'; set local statement_timeout = '10s'`;

/**
 * Rules as SQL over the evidence that PostgreSQL keeps. A span is widened to whole buckets of the rule, so that each is
 * computed from all that is known of it. Needs the role postern_sentinel.
 */
export class PostgresRuleEvaluator extends RuleEvaluator {
  /** Of those that decide on one event it computes the windowed part when it is asked to, and does not offer it. */
  override readonly rules: readonly RuleId[] = [
    ...new Set(EVIDENCE_RULES.map(({ id }) => id).filter((id) => RULES[id].tier !== 'inline')),
  ];

  /** @param place Whose evidence it is, for rules about what a deployment has; default: as one ships. */
  constructor(
    private readonly database: PostgresDatabase,
    private readonly place?: RulePlace,
  ) {
    super();
  }

  /** @throws TypeError for a rule that it has no text for, or a threshold that the rule does not know */
  override async evaluate(
    id: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    if (span.from >= span.until) return [];
    const found: Candidate[] = [];
    for (const rule of textsOf(id)) found.push(...(await this.#compute(rule, settings, span)));
    return found;
  }

  async #compute(
    rule: StreamRule,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    const place = this.place === undefined ? {} : { place: this.place };
    const bound = boundRule(rule, settings, { ...wholeBuckets(rule, span), ...place });
    const rows = await this.database.transaction(async (connection) => {
      await connection.query(PLANNER);
      return connection.query<FoundRow>(bound.text, bound.values);
    });
    return rows.map((row) => foundCandidate(rule, row));
  }

  /**
   * Which span a rule is to be computed for when events of `touched` were kept and none is newer than `newest`: what they
   * may change, and nothing of what is yet to come.
   * @throws TypeError for a rule that it has no text for
   */
  spanAfter(id: RuleId, touched: EvaluationSpan, newest: Date): EvaluationSpan {
    const reach = Math.max(...textsOf(id).map(({ reachSeconds }) => reachSeconds));
    const reached = secondsAfter(touched.until, reach);
    const after = new Date(newest.getTime() + 1);
    return { from: touched.from, until: reached < after ? reached : after };
  }
}

/** @throws TypeError when there is none */
function textsOf(id: RuleId): readonly StreamRule[] {
  const rules = EVIDENCE_RULES.filter((one) => one.id === id);
  if (rules.length === 0) throw new TypeError(`${id} is no rule that looks at windows`);
  return rules;
}

/** `since` is where the span begins that was asked for. */
function wholeBuckets({ bucketSeconds }: StreamRule, { from, until }: EvaluationSpan): RuleSpan {
  const length = bucketSeconds * 1_000;
  return {
    from: new Date(Math.floor(from.getTime() / length) * length),
    until: new Date(Math.ceil(until.getTime() / length) * length),
    since: from,
  };
}
