import { readFileSync } from 'node:fs';
import { type EvaluationSpan, type RuleId, shippedRules } from '#detection';
import { type RecordedEvent } from '#events';
import { secondsAfter, SystemClock } from '#kernel';
import { anActor } from '#testing';
import { describeWithServer } from '#test-support';
import { aCall, anExchange, anExchangeOf, NOON, RuleBench, times } from '../contract/rule-bench.js';

const PER_SECOND = 5_000;
const BATCH = 1_000;
const ROUND_SECONDS = 10;
const ROUNDS = 8;
const HANDLES = 2_000;
const SUBJECTS = 200;
const RESOURCES = 40;
/** Jiffies of /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;

const clock = new SystemClock();

/**
 * What the sentinel has to do at 5,000 events a second: keep them in batches, and compute every rule each ten seconds. It
 * says how long that takes, and how much CPU of ours and of PostgreSQL, as other processes may have the machine as well.
 */
describeWithServer('the evidence of 5,000 events a second', 'postgres-18', () => {
  let bench: RuleBench;
  beforeAll(async () => {
    bench = await RuleBench.open();
    await bench.append(
      ...times(HANDLES, (n) =>
        anExchangeOf(handle(n), -30, { actor: anActor(`sub_${n % SUBJECTS}`) }),
      ),
    );
  });
  afterAll(() => bench.close());

  const handle = (n: number): string => `hdl_${n}`;
  const event = (n: number, second: number): RecordedEvent =>
    n % 20 === 0
      ? anExchange(`sub_${n % SUBJECTS}`, second, {
          resource: `r${n % RESOURCES}`,
          ip: `10.0.${n % 100}.1`,
        })
      : aCall(second, {
          handle: handle((n * 7) % HANDLES),
          resource: `r${n % RESOURCES}`,
          client: { ip: `10.0.${((n * 7) % HANDLES) % 100}.1`, user_agent: 'settler/1.0' },
        });

  it('is kept and judged', async () => {
    const figures: string[] = [];
    let slowest = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const begin = round * ROUND_SECONDS;
      const events = times(PER_SECOND * ROUND_SECONDS, (n) => event(n, begin + n / PER_SECOND));
      const batches = times(events.length / BATCH, (n) => events.slice(n * BATCH, (n + 1) * BATCH));
      const kept = await measured(bench, async () => {
        for (const batch of batches) await bench.append(...batch);
      });
      const span = {
        from: secondsAfter(NOON, begin),
        until: secondsAfter(NOON, begin + ROUND_SECONDS),
      };
      const rules = new Map<RuleId, number>();
      const judged = await measured(bench, () => judge(bench, span, rules));
      slowest = Math.max(slowest, kept.wallMs + judged.wallMs);
      figures.push(
        `round ${round}: kept ${Math.round((events.length / kept.wallMs) * 1_000)} events/s ` +
          `(CPU ${kept.ownMs} ms ours, ${kept.serverMs} ms PostgreSQL for ${events.length}), ` +
          `judged in ${judged.wallMs} ms (CPU ${judged.ownMs}+${judged.serverMs} ms): ` +
          [...rules].map(([rule, ms]) => `${rule} ${ms}`).join(', '),
      );
    }
    process.stderr.write(`${figures.join('\n')}\nslowest round of 10 s: ${slowest} ms\n`);
    const [row] = await bench.owner.query<{ uses: number }>(
      'select count(*)::integer as uses from evidence_use',
    );
    expect(row?.uses).toBe((PER_SECOND * ROUND_SECONDS * ROUNDS * 19) / 20);
  }, 900_000);
});

async function judge(
  bench: RuleBench,
  span: EvaluationSpan,
  took: Map<RuleId, number>,
): Promise<void> {
  const settings = shippedRules();
  for (const rule of bench.evaluator.rules) {
    const before = clock.now().getTime();
    const after = bench.evaluator.spanAfter(rule, span, span.until);
    await bench.evaluator.evaluate(rule, settings[rule], after);
    took.set(rule, clock.now().getTime() - before);
  }
}

/** Of one piece of work: how long it took, and the CPU time that it took here and in the sessions of the database. */
async function measured(
  bench: RuleBench,
  work: () => Promise<void>,
): Promise<{ readonly wallMs: number; readonly ownMs: number; readonly serverMs: number }> {
  const [own, server, before] = [process.cpuUsage(), await serverMs(bench), clock.now().getTime()];
  await work();
  const { user, system } = process.cpuUsage(own);
  return {
    wallMs: clock.now().getTime() - before,
    ownMs: Math.round((user + system) / 1_000),
    serverMs: (await serverMs(bench)) - server,
  };
}

async function serverMs({ owner }: RuleBench): Promise<number> {
  const rows = await owner.query<{ pid: number }>(
    `select pid from pg_stat_activity where datname = current_database()`,
  );
  return rows.reduce((sum, { pid }) => sum + cpuMs(pid), 0);
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}
