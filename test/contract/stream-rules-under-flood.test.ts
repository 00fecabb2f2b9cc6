import { describeWithServer } from '#test-support';
import { NOON, RuleBench } from './rule-bench.js';

/** Of one workload within ten minutes. A rule that takes longer than the ten seconds of a statement is refused. */
const FLOOD = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 300_000 : 20_000;
const RESOURCES = 40;
const START_TIMEOUT_MS = 300_000;

describeWithServer('stream rules under a flood of refusals', 'postgres-18', () => {
  let bench: RuleBench;

  beforeAll(async () => {
    bench = await RuleBench.open();
    await bench.owner.query(
      `insert into public.evidence_exchange (event_id, at, recorded_at, env, deployment, partition_key, sequence,
         outcome, reason, subject_id, zone, resource, occurrences)
       select gen_random_uuid(), moment, moment, 'prod', 'test', 'sub_flood', n,
         'denied', 'not_allowed', 'sub_flood', '10.0.0.0/24', 'r' || n % $3::integer, 1
       from (select n, $1::timestamptz + n * interval '600 seconds' / $2::integer as moment
             from generate_series(0, $2::integer - 1) as n) as flood`,
      [NOON, FLOOD, RESOURCES],
    );
    await bench.owner.query(
      `insert into public.exchange_rollup (bucket, subject_id, resource, zone, client_ip, exchanges, permitted)
       select $1::timestamptz + b * interval '5 minutes', 'sub_flood', 'r' || n, '10.0.0.0/24', '10.0.0.7', 1, 0
       from generate_series(0, 1) as b, generate_series(0, $2::integer - 1) as n`,
      [NOON, RESOURCES],
    );
  }, START_TIMEOUT_MS);
  afterAll(() => bench.close());

  it.each(['D11', 'D12'] as const)(
    '%s still finds the workload that sends it',
    async (rule) => {
      const beganAt = performance.now();
      const found = await bench.found(rule, 'sub_flood');
      const tookMs = Math.round(performance.now() - beganAt);
      process.stdout.write(`${rule}: ${tookMs} ms under ${FLOOD} refusals\n`);
      expect(found.map(({ observed }) => observed)).toContain(RESOURCES);
    },
    30_000,
  );
});
