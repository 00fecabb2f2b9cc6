// What the last run of the tests said, from a file of the shape that `jest --json` and tools/test-reporter.mjs write.
import { readFileSync } from 'node:fs';
import { isAbsolute, relative } from 'node:path';
import { idsIn } from './ids.mjs';

/** @returns {{ file: string, name: string, status: string, ids: string[] }[]} the tests that carry ids */
export function readResults(file, root) {
  const { testResults } = JSON.parse(readFileSync(file, 'utf8'));
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ fullName, status }) => ({
      file: (isAbsolute(name) ? relative(root, name) : name).replaceAll('\\', '/'),
      name: fullName,
      status,
      ids: idsIn(fullName),
    })),
  );
}

/** What ran of a test file: a contract runs in the files that call it. */
const ranOf = (file, id, results) =>
  results.filter(
    (one) => one.ids.includes(id) && (one.file === file || file.endsWith('.contract.ts')),
  );

/** One line for each test of this id that failed, did not run, or was skipped although every server is required. */
export function problemsOf(id, files, results, serversRequired) {
  return files.flatMap((file) => {
    const ran = ranOf(file, id, results);
    if (ran.length === 0) return [`${id}: its tests in ${file} did not run`];
    const failed = ran.filter(({ status }) => status === 'failed');
    const skipped = ran.filter(({ status }) => status !== 'failed' && status !== 'passed');
    return [
      ...failed.map((one) => `${id}: failed in ${one.file}: ${one.name}`),
      ...(serversRequired ? skipped : []).map(
        (one) => `${id}: skipped in ${one.file}: ${one.name}`,
      ),
    ];
  });
}

/** The word for the page: what was skipped here for want of a server is proven in CI. */
export function resultOf(id, files, results) {
  if (results === undefined) return 'in CI';
  const statuses = files.flatMap((file) => {
    const ran = ranOf(file, id, results).map(({ status }) => status);
    return ran.length === 0 ? ['pending'] : ran;
  });
  if (statuses.includes('failed')) return 'failed';
  return statuses.every((status) => status === 'passed') ? 'passed' : 'in CI';
}
