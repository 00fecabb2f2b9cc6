import { readFileSync, writeFileSync } from 'node:fs';
import { type StreamRule, STREAM_RULES, streamingRules, viewNameOf } from '#adapters/postgres';
import { shippedRules } from '#detection';
import { secondsAfter } from '#kernel';
import { describeWithServer } from '#test-support';
import { NOON, RuleBench } from './rule-bench.js';
import { type CandidateLine, eachRuleOnce, lineOf, lineOfCandidate } from './streamed-evidence.js';

const SHIPPED = 'deploy/streaming/rules.sql';

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
      const rows = await bench.owner.query<CandidateLine>(
        `select '${id}' as rule, * from streaming.${viewNameOf(rule)}`,
      );
      const span = { from: secondsAfter(NOON, -40 * 86_400), until: secondsAfter(NOON, 86_400) };
      const found = await bench.evaluator.evaluate(rule.id, shippedRules()[rule.id], span);
      expect(rows.map(lineOf).sort()).toEqual(found.map(lineOfCandidate).sort());
      expect(found.length).toBeGreaterThan(0);
      const all = await bench.owner.query<{ rule: string }>(
        'select rule from streaming.detection_candidates where rule = $1',
        [id],
      );
      expect(all).toHaveLength(found.length);
    },
  );
});
