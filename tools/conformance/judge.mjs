// What the page has to say, and what is wrong with the requirements, the tests and the page of a checkout.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTests } from './find-tests.mjs';
import { renderPage, samePage, stateOf } from './page.mjs';
import { readRequirements } from './requirements.mjs';
import { problemsOf, readResults } from './results.mjs';

const REQUIREMENTS = 'docs/conformance/requirements.yaml';
export const PAGE = 'docs/conformance.md';

/**
 * @param {string} root folder of the checkout
 * @param {{ resultsFile?: string, serversRequired?: boolean }} run what is known of the last run of the tests
 * @returns {{ page: string, problems: string[] }}
 * @throws Error for requirements that cannot be read
 */
export function judge(root, { resultsFile, serversRequired = false } = {}) {
  const sections = readRequirements(join(root, REQUIREMENTS));
  const requirements = sections.flatMap((section) => section.requirements);
  const tests = findTests(root);
  const coverage = coverageOf(tests);
  const results = resultsFile === undefined ? undefined : readResults(resultsFile, root);
  const page = renderPage(sections, coverage, results);
  const problems = [
    ...gaps(requirements, coverage),
    ...strangers(requirements, tests),
    ...runProblems(requirements, coverage, results, serversRequired),
    ...staleness(root, page),
  ];
  return { page, problems };
}

/** Of each id, the number of tests in each file. */
function coverageOf(tests) {
  const byId = new Map();
  for (const { ids, file } of tests) {
    for (const id of ids) {
      const files = byId.get(id) ?? byId.set(id, new Map()).get(id);
      files.set(file, (files.get(file) ?? 0) + 1);
    }
  }
  return byId;
}

const gaps = (requirements, coverage) =>
  requirements
    .filter((one) => stateOf(one, coverage.get(one.id)) === 'open')
    .map(({ id, requirement }) => `${id} has no test, and no reason why not: ${requirement}`);

function strangers(requirements, tests) {
  const known = new Set(requirements.map(({ id }) => id));
  const lines = tests.flatMap(({ file, line, ids }) =>
    ids
      .filter((id) => !known.has(id))
      .map((id) => `${file}:${line} carries ${id}, which ${REQUIREMENTS} does not have`),
  );
  return [...new Set(lines)];
}

function runProblems(requirements, coverage, results, serversRequired) {
  if (results === undefined) return [];
  return requirements.flatMap(({ id }) =>
    problemsOf(id, [...(coverage.get(id)?.keys() ?? [])], results, serversRequired),
  );
}

function staleness(root, page) {
  const file = join(root, PAGE);
  const written = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (samePage(written, page)) return [];
  return [`${PAGE} is out of date: run node tools/conformance.mjs --write`];
}
