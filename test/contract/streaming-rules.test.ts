import { readFileSync, writeFileSync } from 'node:fs';
import { type StreamRule, STREAM_RULES, streamingRules, viewNameOf } from '#adapters/postgres';
import { type Candidate, shippedRules } from '#detection';
import { secondsAfter } from '#kernel';
import { aDeniedCall, aDeniedExchange, anActor } from '#testing';
import { describeWithServer } from '#test-support';
import {
  aCall,
  anAddress,
  anExchange,
  anExchangeOf,
  aRotationEvent,
  at,
  NOON,
  RuleBench,
  times,
} from './rule-bench.js';

const SHIPPED = 'deploy/streaming/rules.sql';
const MB = 1_000_000;

it('deploy/streaming has the rules as they are (POSTERN_UPDATE_STREAMING=1 writes them anew)', () => {
  if (process.env['POSTERN_UPDATE_STREAMING'] === '1') writeFileSync(SHIPPED, streamingRules());
  expect(readFileSync(SHIPPED, 'utf8')).toBe(streamingRules());
});

// No stream processor runs here: what is shown is that the text without spans means what the text with spans does.
describeWithServer('rules as views over all events', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
    await bench.append(...eachRuleOnce());
    await bench.owner.query(`
      create schema streaming;
      create view streaming.exchanges as select * from public.exchanges;
      create view streaming.uses as select * from public.uses;
      create view streaming.rotations as select * from public.rotations;
      set search_path = streaming;
      ${readFileSync(SHIPPED, 'utf8').replaceAll('create materialized view', 'create view')}
      reset search_path`);
  });
  afterAll(() => bench.close());

  it.each(STREAM_RULES.map((rule): [string, StreamRule] => [rule.id, rule]))(
    '%s finds what the evaluator finds',
    async (id, rule) => {
      const rows = await bench.owner.query<Row>(
        `select entity_id, start_at, observed, threshold, severity, evidence from streaming.${viewNameOf(rule)}`,
      );
      const span = { from: secondsAfter(NOON, -40 * 86_400), until: secondsAfter(NOON, 86_400) };
      const found = await bench.evaluator.evaluate(rule.id, shippedRules()[rule.id], span);
      expect(rows.map(lineOfRow).sort()).toEqual(found.map(lineOfCandidate).sort());
      expect(found.length).toBeGreaterThan(0);
      const all = await bench.owner.query<{ rule: string }>(
        'select rule from streaming.detection_candidates where rule = $1',
        [id],
      );
      expect(all).toHaveLength(found.length);
    },
  );
});

interface Row {
  readonly entity_id: string;
  readonly start_at: Date;
  readonly observed: number;
  readonly threshold: number;
  readonly severity: string;
  readonly evidence: readonly string[];
}

const lineOfRow = (row: Row): string =>
  [
    row.entity_id,
    row.start_at.toISOString(),
    row.observed,
    row.threshold,
    row.severity,
    ...row.evidence,
  ].join(' ');

const lineOfCandidate = (one: Candidate): string =>
  [
    one.entity.id,
    one.startAt.toISOString(),
    one.observed,
    one.threshold,
    one.severity,
    ...one.evidence,
  ].join(' ');

function eachRuleOnce() {
  const one = { ip: anAddress(), user_agent: 'settler/1.0' };
  const other = { ip: anAddress(), user_agent: 'curl/8.5.0' };
  return [
    anExchangeOf('hdl_1', -60, { actor: anActor('sub_1') }),
    ...[one, other, one].map((client, n) => aCall(n, { handle: 'hdl_1', client })),
    ...times(25, (n) => aDeniedCall({ handle_id: 'hdl_1', reason: 'expired' }, at(n))),
    ...times(12, (n) => aDeniedCall({ reason: 'unknown', client: one }, at(n * 20))),
    ...times(30, (n) => anExchange('sub_2', n / 10)),
    ...times(7, (n) => anExchange('sub_3', n, { resource: `r${n}` })),
    ...times(6, (n) =>
      aDeniedExchange({ actor: anActor('sub_4'), reason: 'not_allowed', resource: `r${n}` }, at(n)),
    ),
    aCall(0, { handle: 'hdl_2', resource: 'archive', bytes: 200 * MB }),
    aCall(-7 * 86_400, { handle: 'hdl_3', resource: 'archive', bytes: MB }),
    ...times(3, (n) => aRotationEvent('ledger', n)),
  ];
}
