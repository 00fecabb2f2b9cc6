import { PostgresEvidenceLog, PostgresRuleEvaluator } from '#adapters/postgres';
import { type EvaluationArguments, isTuningSeed } from './evaluation-arguments.js';
import { runInline } from './inline-run.js';
import { figures } from './report.js';
import { runStream } from './stream-run.js';
import { type TestDatabase } from '../support/postgres.js';

const INLINE_DAYS = 14;
/** Two weeks to learn from, and one that counts. */
const STREAM_DAYS = 21;
const FIGURES = /(<!-- figures: begin -->\n)[^]*?(\n<!-- figures: end -->)/;

/** Resolves to the figures of both tiers, as Markdown. `database` is fresh, and is the run's alone. */
export async function evaluate(
  settings: EvaluationArguments,
  { database }: TestDatabase,
  say: (line: string) => void,
): Promise<string> {
  const { seed, workloads, episodes } = settings;
  const shared = { seed, workloads, episodes };
  const told = (what: string, days: number) => (day: number, events: number) =>
    say(`${what}: day ${day} of ${days}, ${events} events`);
  const stream = await runStream(
    { ...shared, events: settings.streamEvents, days: STREAM_DAYS },
    { log: new PostgresEvidenceLog(database), evaluator: new PostgresRuleEvaluator(database) },
    told('stream rules', STREAM_DAYS),
  );
  const inline = await runInline(
    { ...shared, events: settings.events, days: INLINE_DAYS },
    told('inline rules', INLINE_DAYS),
  );
  const kind = isTuningSeed(seed) ? 'a tuning seed' : 'not a tuning seed';
  return `\`${commandOf(settings)}\` (${kind}).\n\n${figures(inline, stream)}`;
}

/** What gives the same figures again. */
const commandOf = (settings: EvaluationArguments): string =>
  [
    ...['npm run evaluate:detection --', `--seed ${settings.seed}`, `--events ${settings.events}`],
    ...[`--stream-events ${settings.streamEvents}`, `--workloads ${settings.workloads}`],
    `--episodes ${settings.episodes}`,
  ].join(' ');

/** The page with other figures. @throws TypeError when it has no place for them */
export function withFigures(page: string, told: string): string {
  if (!FIGURES.test(page)) throw new TypeError('the page has no place for figures');
  return page.replace(FIGURES, (_, begin: string, end: string) => `${begin}\n${told}\n${end}`);
}
