import { type RuleId, RULES } from '#detection';
import { writtenRule } from './bound-rule.js';
import { STREAM_RULES, type StreamRule } from './index.js';

/** Before and after all events: a stream has no span. */
const BEGINNING = '1970-01-02 00:00:00+00';
const END = '9999-12-30 00:00:00+00';

/** Other thresholds than those that rules ship with. */
export type OwnThresholds = Readonly<Partial<Record<RuleId, Readonly<Record<string, number>>>>>;

/** A rule that has no span, with thresholds as constants. */
export function unboundRule(rule: StreamRule, own: OwnThresholds = {}): string {
  const thresholds = { ...RULES[rule.id].thresholds, ...own[rule.id] };
  return writtenRule(rule, (name, isInstant) => {
    if (isInstant) return `cast('${name === 'until' ? END : BEGINNING}' as timestamptz)`;
    return `cast(${String(thresholds[name])} as double precision)`;
  });
}

/** The rule with each of its steps by joins. */
export const joinedRule = (rule: StreamRule): StreamRule => ({
  ...rule,
  text: (rule.steps ?? []).reduce(
    (text, { sliding, joined }) => text.replace(sliding, () => joined),
    rule.text,
  ),
});

export const viewNameOf = ({ id }: StreamRule): string => `rule_${id.toLowerCase()}`;

export const COLUMNS =
  'entity_type, entity_id, subject_id, resource, start_at, end_at, severity, confidence, observed, threshold, evidence';

/** The sums that PostgreSQL keeps beside the events, over the events. */
export const COUNTS: Readonly<Record<'exchange_counts' | 'use_counts', string>> = {
  exchange_counts: `
  select to_timestamp(floor(extract(epoch from at) / 300) * 300) as bucket, subject_id, coalesce(resource, '') as resource,
    coalesce(zone, '') as zone, coalesce(client_ip, '') as client_ip, sum(occurrences) as exchanges,
    coalesce(sum(occurrences) filter (where outcome = 'permitted'), 0) as permitted
  from exchanges where subject_id is not null
  group by to_timestamp(floor(extract(epoch from at) / 300) * 300), subject_id, coalesce(resource, ''),
    coalesce(zone, ''), coalesce(client_ip, '')`,
  use_counts: `
  select to_timestamp(floor(extract(epoch from at) / 3600) * 3600) as bucket, handle_id,
    coalesce(resource, '') as resource, coalesce(zone, '') as zone, coalesce(agent, '') as agent,
    sum(occurrences) as uses, cast(coalesce(sum(bytes_out), 0) as bigint) as bytes_out
  from uses where handle_id is not null
  group by to_timestamp(floor(extract(epoch from at) / 3600) * 3600), handle_id, coalesce(resource, ''),
    coalesce(zone, ''), coalesce(agent, '')`,
};

export const trimmed = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replace(/^ {4}/, '').trimEnd())
    .join('\n')
    .trim();

/** All rules as views of a stream processor: the same texts that PostgreSQL computes. */
export const streamingRules = (): string =>
  [
    '-- Made from libs/adapters/src/postgres/rules; test/contract/streaming-rules.test.ts makes it again and compares.',
    ...Object.entries(COUNTS).map(([name, text]) => `create materialized view ${name} as${text};`),
    ...STREAM_RULES.map(
      (rule) =>
        `-- ${rule.id}: ${RULES[rule.id].title}.\n` +
        `create materialized view ${viewNameOf(rule)} as\n${trimmed(unboundRule(rule))};`,
    ),
    candidates(),
  ].join('\n\n') + '\n';

/** What the sink sends: of all rules, with the columns of one. */
const candidates = (): string =>
  'create materialized view detection_candidates as\n' +
  STREAM_RULES.map(
    (rule) => `select '${rule.id}' as rule, ${COLUMNS} from ${viewNameOf(rule)}`,
  ).join('\nunion all\n') +
  ';';
