import { PostgresDryRun } from '#adapters/postgres';
import {
  type Candidate,
  type EvaluationSpan,
  RuleEvaluator,
  type RuleId,
  type RuleSettings,
  shippedRules,
} from '#detection';
import { secondsAfter } from '#kernel';
import { detectionSettings } from '#testing';
import { describeWithServer } from '#test-support';
import { aCall, aHandle, anAddress, anExchangeOf, NOON, RuleBench } from './rule-bench.js';

const DAY = 86_400;
const NOW = secondsAfter(NOON, 3_600);
const by = { operatorId: 'sub_operator', now: NOW };

const withD07 = (set: Partial<RuleSettings>, responseBudget = 20) => {
  const rules = shippedRules();
  return detectionSettings({ responseBudget, rules: { ...rules, D07: { ...rules.D07, ...set } } });
};

describeWithServer('dry runs', 'postgres-18', () => {
  let bench: RuleBench;
  let dryRun: PostgresDryRun;
  const [busy, calm] = [aHandle(), aHandle()];

  /** Two clients in turns, from so many seconds after NOON on. */
  const turns = async (handle: string, second: number): Promise<void> => {
    const one = { ip: anAddress(), user_agent: 'settler/1.0' };
    const other = { ip: anAddress(), user_agent: 'python-requests/2.32' };
    await bench.append(
      anExchangeOf(handle, second - 1),
      ...[one, other, one].map((client, n) => aCall(second + n, { handle, client })),
    );
  };

  beforeAll(async () => {
    bench = await RuleBench.open();
    dryRun = new PostgresDryRun(bench.database, bench.evaluator);
    await turns(busy, -6 * DAY);
    await turns(busy, -DAY);
    await turns(calm, -DAY + 5);
    await turns(aHandle(), -8 * DAY);
  });
  afterAll(() => bench.close());
  beforeEach(() => bench.owner.query('delete from rule_dry_run'));

  it('says how many detections and responses there would have been in seven days, by entity', async () => {
    const sum = await dryRun.run('D07', withD07({ mode: 'off' }), by);
    expect(sum).toEqual({
      rule: 'D07',
      from: secondsAfter(NOW, -7 * DAY),
      until: NOW,
      detections: 3,
      responses: 3,
      entities: [
        { entity: { type: 'handle', id: busy }, detections: 2, responses: 2 },
        { entity: { type: 'handle', id: calm }, detections: 1, responses: 1 },
      ],
    });
  });

  it.each([86_399, 3_600, 1_350])(
    'comes to the same where no more than %d seconds of evidence can be computed at once',
    async (mostSeconds) => {
      const whole = await dryRun.run('D07', withD07({}), by);
      const parts = new PostgresDryRun(bench.database, new SlowOver(bench, mostSeconds));
      expect(await parts.run('D07', withD07({}), by)).toEqual(whole);
    },
  );

  it('fails, and is not remembered, where not even a quarter of an hour can be', async () => {
    const never = new PostgresDryRun(bench.database, new SlowOver(bench, 900));
    await expect(never.run('D07', withD07({}), by)).rejects.toThrow('the statement took too long');
    expect(await bench.owner.query('select 1 from rule_dry_run')).toEqual([]);
  });

  it('fails at once where a statement fails for another reason', async () => {
    const evaluator = new SlowOver(bench, 0, 'select 1 / 0');
    const failing = new PostgresDryRun(bench.database, evaluator);
    await expect(failing.run('D07', withD07({}), by)).rejects.toThrow('division by zero');
    expect(evaluator.asked).toBe(1);
  });

  it('keeps to the budget, and raises and orders nothing', async () => {
    expect(await dryRun.run('D07', withD07({}, 1), by)).toMatchObject({
      detections: 3,
      responses: 2,
    });
    const rows = await bench.owner.query(
      'select 1 from detection union all select 1 from response_order',
    );
    expect(rows).toEqual([]);
  });

  it('goes by the thresholds that it is given', async () => {
    const settings = withD07({ thresholds: { zones: 3, agents: 3 } });
    expect(await dryRun.run('D07', settings, by)).toMatchObject({ detections: 0, entities: [] });
  });

  it('lets a rule enforce that was tried as it is set, and no other', async () => {
    const enforcing = withD07({ mode: 'enforce' });
    const untried = await dryRun.permitted(enforcing, NOW);
    expect(untried.untried).toEqual(['D07']);
    expect(untried.settings.rules.D07.mode).toBe('monitor');
    expect(untried.settings.rules.D06.mode).toBe('enforce');

    await dryRun.run('D07', enforcing, by);
    expect(await dryRun.permitted(enforcing, NOW)).toEqual({ settings: enforcing, untried: [] });

    const other = withD07({ mode: 'enforce', thresholds: { zones: 3 } });
    expect((await dryRun.permitted(other, NOW)).untried).toEqual(['D07']);
  });

  it('holds a rule back that is to enforce for one resource', async () => {
    const set = { mode: 'off', resources: { ledger: 'enforce', payroll: 'off' } } as const;
    const { settings, untried } = await dryRun.permitted(withD07(set), NOW);
    expect(untried).toEqual(['D07']);
    expect(settings.rules.D07).toMatchObject({
      mode: 'off',
      resources: { ledger: 'monitor', payroll: 'off' },
    });
  });

  it('counts for thirty days', async () => {
    const settings = withD07({ mode: 'enforce' });
    await dryRun.run('D07', settings, by);
    const tried = (second: number): Promise<boolean> =>
      dryRun.isTried('D07', settings.rules.D07, secondsAfter(NOW, second));
    expect(await tried(30 * DAY - 1)).toBe(true);
    expect(await tried(30 * DAY)).toBe(false);
    expect(await tried(-1)).toBe(false);
  });
});

/** Computes no span that is longer: PostgreSQL cancels what is asked for it. */
class SlowOver extends RuleEvaluator {
  readonly rules: readonly RuleId[];
  asked = 0;

  constructor(
    private readonly bench: RuleBench,
    private readonly mostSeconds: number,
    private readonly statement = 'select pg_sleep(10)',
  ) {
    super();
    this.rules = bench.evaluator.rules;
  }

  override async evaluate(
    rule: RuleId,
    settings: RuleSettings,
    span: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    this.asked += 1;
    if (span.until.getTime() - span.from.getTime() > this.mostSeconds * 1_000) {
      await this.bench.database.transaction(async (connection) => {
        await connection.query(`set local statement_timeout = '20ms'`);
        await connection.query(this.statement);
      });
    }
    return this.bench.evaluator.evaluate(rule, settings, span);
  }
}
