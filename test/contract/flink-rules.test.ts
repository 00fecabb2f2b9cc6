import { readFileSync, writeFileSync } from 'node:fs';
import {
  flinkRules,
  joinedRule,
  type StreamRule,
  STREAM_RULES,
  unboundRule,
} from '#adapters/postgres';
import { secondsAfter } from '#kernel';
import { describeWithServer } from '#test-support';
import { NOON, RuleBench } from './rule-bench.js';
import {
  type CandidateLine,
  eachRuleOnce,
  evidenceByChance,
  EXAMPLE_ZONES,
  lineOf,
  lineOfCandidate,
  LOW_THRESHOLDS,
} from './streamed-evidence.js';

const SHIPPED = 'deploy/streaming/flink/rules.sql';
const SEED = 20_261_122;

describe('deploy/streaming/flink', () => {
  it('has the rules as they are (POSTERN_UPDATE_STREAMING=1 writes them anew)', () => {
    if (process.env['POSTERN_UPDATE_STREAMING'] === '1') writeFileSync(SHIPPED, flinkRules());
    expect(readFileSync(SHIPPED, 'utf8')).toBe(flinkRules());
  });

  it('sends what each rule finds', () => {
    const sent = [...flinkRules().matchAll(/insert into detection_candidates\nselect '(D\d+)'/g)];
    expect(sent.map(([, id]) => id)).toEqual(STREAM_RULES.map(({ id }) => id));
  });

  // What Flink says otherwise, or not at all where events may come late.
  it.each([
    ['types of PostgreSQL', /timestamptz|double precision|as text\)/],
    ['intervals', /interval/],
    ['percentiles in a group', /within group/],
    ['slices of an array', /\[1:/],
    ['windows over ordered rows', /(?<!row_number\(\)) over \(/],
    ['names of the text', /(?<![:'\d]):[a-z]/],
  ])('has no %s', (_, words) => {
    expect(flinkRules()).not.toMatch(words);
  });

  it('takes thresholds that are not those that rules ship with', () => {
    expect(flinkRules({ D05: { denied: 7 } })).toContain('seen >= cast(7 as double)');
    expect(flinkRules()).toContain('seen >= cast(20 as double)');
  });
});

// No Flink runs here: what is shown is that steps by joins mean what steps over ordered rows do.
describeWithServer('rules by joins over all events', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
    const events = [...eachRuleOnce(), ...evidenceByChance(SEED, 600)];
    await bench.log.append(events, EXAMPLE_ZONES);
  });
  afterAll(() => bench.close());

  const joined = async (rule: StreamRule): Promise<string[]> => {
    const text = unboundRule(joinedRule(rule), LOW_THRESHOLDS);
    const rows = await bench.owner.query<Omit<CandidateLine, 'rule'>>(text);
    return rows.map((row) => lineOf({ ...row, rule: rule.id }));
  };

  it.each(STREAM_RULES.map((rule): [string, StreamRule] => [rule.id, rule]))(
    '%s finds what the evaluator finds',
    async (id, rule) => {
      const thresholds = LOW_THRESHOLDS[rule.id] ?? {};
      const settings = { mode: 'monitor', resources: {}, thresholds } as const;
      const span = { from: secondsAfter(NOON, -40 * 86_400), until: secondsAfter(NOON, 86_400) };
      const found = await bench.evaluator.evaluate(rule.id, settings, span);
      expect((await joined(rule)).sort()).toEqual(found.map(lineOfCandidate).sort());
      // A rule that finds nothing would be equal to itself.
      expect([id, found.length > 0]).toEqual([id, true]);
    },
  );
});
