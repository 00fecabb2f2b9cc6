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
import { type FoundRow, STREAM_RULES, type StreamRule } from './rules/index.js';

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
  override readonly rules: readonly RuleId[] = STREAM_RULES.map(({ id }) => id).filter(
    (id) => RULES[id].tier !== 'inline',
  );

  constructor(private readonly database: PostgresDatabase) {
    super();
  }

  /** @throws TypeError for a rule that it has no text for, or a threshold that the rule does not know */
  override async evaluate(
    id: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    if (span.from >= span.until) return [];
    const rule = streamRule(id);
    const { text, values } = boundRule(rule, settings, wholeBuckets(rule, span));
    const rows = await this.database.transaction(async (connection) => {
      await connection.query(PLANNER);
      return connection.query<FoundRow>(text, values);
    });
    return rows.map((row) => foundCandidate(rule, row));
  }

  /**
   * Which span a rule is to be computed for when events of `touched` were kept and none is newer than `newest`: what they
   * may change, and nothing of what is yet to come.
   * @throws TypeError for a rule that it has no text for
   */
  spanAfter(id: RuleId, touched: EvaluationSpan, newest: Date): EvaluationSpan {
    const reached = secondsAfter(touched.until, streamRule(id).reachSeconds);
    const after = new Date(newest.getTime() + 1);
    return { from: touched.from, until: reached < after ? reached : after };
  }
}

/** @throws TypeError when there is none */
export function streamRule(id: RuleId): StreamRule {
  const rule = STREAM_RULES.find((one) => one.id === id);
  if (rule === undefined) throw new TypeError(`${id} is no rule that looks at windows`);
  return rule;
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
