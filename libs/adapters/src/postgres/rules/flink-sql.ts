import { RULES } from '#detection';
import { inFlinkSql } from './flink-dialect.js';
import { STREAM_RULES, type StreamRule } from './index.js';
import {
  COLUMNS,
  COUNTS,
  joinedRule,
  type OwnThresholds,
  trimmed,
  unboundRule,
  viewNameOf,
} from './streaming-sql.js';

/** Besides what a rule remembers: the longest window that ends with an event, and the longest bucket, and some more. */
const WINDOW_DAYS = 3;

/** How long what a rule keeps of its events must be kept, as none comes that is older. */
function memoryDays({ id }: StreamRule): number {
  const { baselineDays = 0, memoryDays = 0 } = RULES[id].thresholds;
  return Math.max(baselineDays, memoryDays) + WINDOW_DAYS;
}

/**
 * All rules for Flink: a view for each, and a statement that sends what it gives. In none of them the order counts in
 * which events come: what is late or comes in another order corrects what was sent.
 */
export const flinkRules = (own: OwnThresholds = {}): string =>
  [
    '-- Made from libs/adapters/src/postgres/rules; test/contract/flink-rules.test.ts makes it again and compares.',
    ...Object.entries(COUNTS).map(
      ([name, text]) => `create temporary view ${name} as${inFlinkSql(text)};`,
    ),
    ...STREAM_RULES.map((rule) => flinkRule(rule, own)),
  ].join('\n\n') + '\n';

const flinkRule = (rule: StreamRule, own: OwnThresholds): string =>
  `-- ${rule.id}: ${RULES[rule.id].title}.
create temporary view ${viewNameOf(rule)} as
${trimmed(inFlinkSql(unboundRule(joinedRule(rule), own)))};
set 'pipeline.name' = 'postern ${rule.id}';
set 'table.exec.state.ttl' = '${memoryDays(rule)} d';
insert into detection_candidates
select '${rule.id}' as rule, ${COLUMNS.replaceAll(/(\w+_at)/g, 'to_timestamp_ltz($1, 3)')}
from ${viewNameOf(rule)};`;
