import { PostgresEvidenceLog, PostgresRuleEvaluator } from '#adapters/postgres';
import { describeWithServer, testPostgres } from '#test-support';
import { runStream } from './stream-run.js';
import { STREAM } from './measured-rules.js';
import { figures } from './report.js';
import { runInline } from './inline-run.js';

const VOLUME = { seed: 1_001, events: 3_000, workloads: 12, days: 15, episodes: 1 };

describeWithServer('stream rules over simulated traffic', 'postgres-18', () => {
  it('find what is plain, and give figures for each rule and baseline', async () => {
    const database = (await testPostgres(18))!;
    const log = new PostgresEvidenceLog(database.database);
    const evaluator = new PostgresRuleEvaluator(database.database);
    const run = await runStream(VOLUME, { log, evaluator }, () => undefined);
    await database.drop();
    expect([...run.failures]).toEqual([]);
    const plain = run.attacks.filter(({ variant }) => variant === 'plain');
    for (const rule of ['D07', 'D08', 'D11', 'D12'] as const) {
      const own = plain.filter((attack) => attack.rule === rule);
      expect(own.map((attack) => run.findings.isFound(attack, rule, 'alarm'))).toEqual([true]);
    }
    const page = figures(await runInline(VOLUME), run);
    for (const rule of STREAM) expect(page).toContain(`| ${rule}`);
  }, 240_000);
});
