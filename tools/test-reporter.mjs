// One line a suite, what was skipped and why, and last of all `N passed, N failed, N skipped`. The names and verdicts of
// all tests go to build/test-results.json, in the shape of `jest --json`, for tools/conformance.mjs.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

const RESULTS = 'build/test-results.json';

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

export default class TestReporter {
  #skipped = [];

  onTestResult(_test, result) {
    const file = relative(process.cwd(), result.testFilePath);
    const { numPassingTests: passed, numFailingTests: failed } = result;
    const skipped = result.numPendingTests + result.numTodoTests;
    const broken = result.testExecError !== undefined && result.testExecError !== null;
    const verdict = failed > 0 || broken ? 'FAIL' : passed === 0 ? 'skip' : 'ok  ';
    const time = seconds((result.perfStats?.end ?? 0) - (result.perfStats?.start ?? 0));
    console.log(
      `${verdict} ${file}: ${passed} passed, ${failed} failed, ${skipped} skipped (${time})`,
    );
    if (failed > 0 || broken) console.log(result.failureMessage ?? result.testExecError);
    if (skipped > 0) this.#noteSkipped(file, result.testResults);
    if (verdict === 'FAIL' || process.env.POSTERN_TEST_CONSOLE) {
      for (const { message, type } of result.console ?? []) console.log(`  [${type}] ${message}`);
    }
  }

  #noteSkipped(file, results) {
    const groups = new Set(
      results
        .filter(({ status }) => status === 'pending')
        .map(({ ancestorTitles, title }) => ancestorTitles[0] ?? title),
    );
    for (const group of groups) this.#skipped.push(`${file}: ${group}`);
  }

  onRunComplete(_contexts, results) {
    if (this.#skipped.length > 0) console.log('\nskipped:');
    for (const line of this.#skipped) console.log(`  ${line}`);
    const broken = results.numRuntimeErrorTestSuites;
    const failed = results.numFailedTests + broken;
    const skipped = results.numPendingTests + results.numTodoTests;
    console.log(
      `\n${results.numTotalTestSuites} suites in ${seconds(Date.now() - results.startTime)}`,
    );
    console.log(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`);
    writeResults(results.testResults);
  }

  getLastError() {}
}

function writeResults(suites) {
  const testResults = suites.map(({ testFilePath, testResults: tests }) => ({
    name: relative(process.cwd(), testFilePath),
    assertionResults: tests.map(({ fullName, status }) => ({ fullName, status })),
  }));
  mkdirSync(dirname(RESULTS), { recursive: true });
  writeFileSync(RESULTS, JSON.stringify({ testResults }));
}
