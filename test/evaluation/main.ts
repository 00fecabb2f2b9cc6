// npm run evaluate:detection: simulated traffic through the rules and the baselines; the figures go into the page.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startPostgresServers, stopPostgresServers, testPostgres } from '../support/postgres.js';
import { evaluate, withFigures } from './evaluate.js';
import { type EvaluationArguments, readArguments, USAGE } from './evaluation-arguments.js';

const EXIT_USAGE = 64; // sysexits.h
const PAGE = path.resolve('docs/detection-evaluation.md');
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(settings: EvaluationArguments): Promise<void> {
  Object.assign(process.env, await startPostgresServers());
  const database = await testPostgres(18);
  if (database === undefined) throw new Error('the evaluation needs PostgreSQL 18');
  const told = await evaluate(settings, database, say).finally(() => database.drop());
  if (settings.print) process.stdout.write(`${told}\n`);
  else writeFileSync(PAGE, withFigures(readFileSync(PAGE, 'utf8'), told));
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function ended(line: string, code: number): void {
  say(line);
  process.exitCode = code;
}

await Promise.resolve(process.argv.slice(2))
  .then(readArguments)
  .then(
    (settings) =>
      main(settings)
        .catch((error: unknown) => ended(`the evaluation failed: ${textOf(error)}`, 1))
        .finally(() => stopPostgresServers()),
    (error: unknown) => ended(`${textOf(error)}\n${USAGE}`, EXIT_USAGE),
  );
