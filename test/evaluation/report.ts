import { type RuleId } from '#detection';
import { BASELINES } from './baselines.js';
import { type Findings, type Threshold } from './findings.js';
import { type InlineRun } from './inline-run.js';
import { INLINE, MEDIAN_ALONE, NOT_BUILT, STREAM } from './measured-rules.js';
import { type Attack } from './recorder.js';
import { type StreamRun } from './stream-run.js';
import { figure, secondsAt, share, table } from './table.js';

const HEAD = [
  ...['rule', 'precision', 'recall', 'false per 1 M events', 'false per 100 workloads a day'],
  ...['time to detect p50', 'p99', 'told below alarm, wrong'],
];

interface Measured {
  readonly findings: Findings;
  readonly attacks: readonly Attack[];
  readonly workloads: number;
  readonly benign: number;
  readonly days: number;
}

const plain = (attacks: readonly Attack[], rules: readonly RuleId[]): readonly Attack[] =>
  attacks.filter(({ rule, variant }) => variant === 'plain' && rules.includes(rule));

/** All rules of one tier, as alarms. */
export const rulesTable = (run: Measured, rules: readonly RuleId[]): string =>
  table(
    HEAD,
    rules.map((rule) => ruleRow(run, rule)),
  );

function ruleRow(run: Measured, rule: RuleId): readonly string[] {
  const { findings, workloads, days, benign } = run;
  const attacks = plain(run.attacks, [rule]);
  const { right, wrong } = findings.count(rule, 'alarm');
  const times = attacks.flatMap((attack) => findings.timeToDetect(attack, rule, 'alarm') ?? []);
  return [
    ...[rule, share(right, right + wrong), share(times.length, attacks.length)],
    figure((wrong / benign) * 1e6),
    figure(wrong / (workloads / 100) / days),
    ...[secondsAt(50, times), secondsAt(99, times)],
    String(findings.count(rule, 'told').wrong - wrong),
  ];
}

/** Attackers that copy or stay below: what is found of them. */
export function evasionTable(runs: readonly Measured[]): string {
  const rows = runs.flatMap(({ findings, attacks }) => {
    const evading = attacks.filter(({ variant }) => variant !== 'plain');
    const names = [...new Set(evading.map(({ rule, variant }) => `${rule} ${variant}`))];
    return names.map((name) => {
      const own = evading.filter(({ rule, variant }) => `${rule} ${variant}` === name);
      const foundOf = (threshold: Threshold): string =>
        share(own.filter((one) => findings.isFound(one, one.rule, threshold)).length, own.length);
      return [name, String(own.length), foundOf('alarm'), foundOf('told')];
    });
  });
  return table(['attack', 'episodes', 'recall as an alarm', 'recall when low is counted'], rows);
}

/** Rules beside baselines, over the same events and the same attacks. */
export function comparisonTable(run: StreamRun): string {
  const rows = [
    comparison('D07, alarms', run, ['D07'], (attack) => [attack.rule]),
    ...BASELINES.map((one) => comparison(`${one}, D07's attacks`, run, ['D07'], () => [one])),
    comparison('D17, alarms', run, ['D17'], (attack) => [attack.rule]),
    comparison(MEDIAN_ALONE.finder, run, ['D17'], () => [MEDIAN_ALONE.finder]),
    comparison('all stream rules, alarms', run, STREAM, (attack) => [attack.rule]),
    ...BASELINES.map((one) => comparison(`${one}, all attacks`, run, STREAM, () => [one])),
  ];
  return table(
    ['what', 'findings', 'of attacks', 'precision', 'recall', 'false per 1 M events'],
    rows,
  );
}

function comparison(
  title: string,
  { findings, attacks, benign }: StreamRun,
  rules: readonly RuleId[],
  findersOf: (attack: Attack) => readonly string[],
): readonly string[] {
  const own = plain(attacks, rules);
  const found = own.filter((attack) =>
    findersOf(attack).some((finder) => findings.isFound(attack, finder, 'alarm')),
  );
  const finders = [...new Set(own.flatMap(findersOf))];
  const counts = finders.map((finder) => findings.count(finder, 'alarm'));
  const right = counts.reduce((sum, one) => sum + one.right, 0);
  const wrong = counts.reduce((sum, one) => sum + one.wrong, 0);
  return [
    ...[title, String(right + wrong), String(right), share(right, right + wrong)],
    share(found.length, own.length),
    figure((wrong / benign) * 1e6),
  ];
}

/** What wrong alarms were part of. */
export function causesTable(run: StreamRun): string {
  const finders = [...STREAM, ...BASELINES];
  const rows = finders.flatMap((finder) =>
    run.findings.causes(finder, 'alarm').map((cause) => {
      const [what = '', count = ''] = cause.split(': ');
      return [finder, what, count];
    }),
  );
  return rows.length === 0
    ? 'No alarm was wrong.'
    : table(['finder', 'part of', 'wrong findings'], rows);
}

export function figures(inline: InlineRun, stream: StreamRun): string {
  const failed = [...stream.failures].map(([rule, times]) => `${rule} failed ${times} times`);
  return [
    `### Rules that decide on one event\n\n${inline.benign} benign events, ${inline.workloads} workloads, ${inline.days} days.`,
    rulesTable(inline, INLINE),
    `### Rules that look at windows\n\n${stream.benign} benign events in the ${stream.days} days that count, ${stream.workloads} workloads.`,
    rulesTable(stream, STREAM),
    failed.length === 0 ? 'Every round of every rule was computed.' : `${failed.join(', ')}.`,
    `### Beside the baselines`,
    comparisonTable(stream),
    `### Attackers who know the rules`,
    evasionTable([inline, stream].map(onlyOwn)),
    `### Wrong alarms by what they were part of`,
    causesTable(stream),
    `### Not measured`,
    Object.entries(NOT_BUILT)
      .map(([rule, why]) => `- ${rule}: ${why}.`)
      .join('\n'),
  ].join('\n\n');
}

/** Each run has all attacks; a rule was measured in one of them. */
const onlyOwn = (run: InlineRun | StreamRun): Measured => {
  const rules: readonly RuleId[] = 'failures' in run ? STREAM : INLINE;
  return { ...run, attacks: run.attacks.filter(({ rule }) => rules.includes(rule)) };
};
