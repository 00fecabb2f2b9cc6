#!/usr/bin/env node
// Which test proves which requirement: docs/conformance/requirements.yaml and the names of the tests -> docs/conformance.md.
//   --write           writes the page
//   --check           fails, with a line each, on a requirement without test or reason, a test that carries an id that does
//                     not exist, and a page that is out of date
//   --results <file>  what the last run of the tests said (build/test-results.json): the check also fails on a test that
//                     failed or did not run; with POSTERN_TEST_SERVERS=required also on one that was skipped
//   --root <folder>   another checkout than this folder
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { judge, PAGE } from './conformance/judge.mjs';

const { values: flags } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    check: { type: 'boolean', default: false },
    results: { type: 'string' },
    root: { type: 'string', default: '.' },
  },
});
const root = resolve(flags.root);

function fail(problems) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exit(1);
}

try {
  if (flags.write === flags.check) throw new Error('say --write or --check');
  const { page, problems } = judge(root, {
    resultsFile: flags.results,
    serversRequired: process.env.POSTERN_TEST_SERVERS === 'required',
  });
  if (flags.write) writeFileSync(join(root, PAGE), page);
  else fail(problems);
} catch (error) {
  fail([error.message]);
}
