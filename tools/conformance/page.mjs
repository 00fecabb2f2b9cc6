// docs/conformance.md, from the requirements, the tests that were found and, when given, what the last run said.
import { resultOf } from './results.mjs';

const INTRO = `# Conformance

What the standards ask of a token exchange, and what Postern asks beyond them, each with the tests that prove it. A test
proves a requirement when its name begins with the id, such as \`X-08\`, or when it stands in a group or a table row that
does. CI fails when a requirement has neither a test nor a reason, when one of these tests fails or did not run, and when
this page is not what the tests say.

The page is generated: the requirements stand in [conformance/requirements.yaml](conformance/requirements.yaml), and
\`node tools/conformance.mjs --write\` finds the tests. _Postern_ as a reference is a rule of our own, stricter than the
standards or where they leave the choice. _Not applicable_ and _later_ say why.
`;

/**
 * @param sections as readRequirements gives them
 * @param {Map<string, Map<string, number>>} coverage of each id, the number of tests in each file
 */
export function renderPage(sections, coverage, results) {
  const tables = sections.map(
    ({ section, requirements }) => `## ${section}

| id | requirement | reference | tests | result |
| --- | --- | --- | --- | --- |
${requirements.map((one) => rowOf(one, coverage.get(one.id), results)).join('\n')}
`,
  );
  return [INTRO, `${summaryOf(sections, coverage)}\n`, ...tables].join('\n');
}

export function stateOf({ notApplicable, later }, files) {
  if (notApplicable !== undefined) return 'not applicable';
  if (later !== undefined) return 'later';
  return files === undefined ? 'open' : 'covered';
}

function summaryOf(sections, coverage) {
  const all = sections.flatMap(({ requirements }) => requirements);
  const states = all.map((one) => stateOf(one, coverage.get(one.id)));
  const counts = ['covered', 'not applicable', 'later', 'open'].map(
    (state) => `${states.filter((one) => one === state).length} ${state}`,
  );
  return `**${all.length} requirements: ${counts.join(', ')}.**`;
}

function rowOf(one, files = undefined, results) {
  const state = stateOf(one, files);
  const reason = one.notApplicable ?? one.later;
  const result = state === 'covered' ? resultOf(one.id, [...files.keys()], results) : state;
  const said = reason === undefined ? result : `${result}: ${reason}`;
  const cells = [one.id, one.requirement, one.reference].map(cell);
  return `| ${[...cells, linksOf(files), cell(said)].join(' | ')} |`;
}

const cell = (text) => text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').replaceAll('<', '&lt;');

const linksOf = (files = new Map()) =>
  [...files].map(([file, count]) => `[${file}](../${file}) (${count})`).join('<br>');

/** A page that says `passed` and one that leaves it to CI are the same page: the check itself looks at the results. */
export const samePage = (one, other) => withoutResults(one) === withoutResults(other);

const withoutResults = (page) => page.replaceAll(/\| passed \|$/gm, '| in CI |');
