// Suites that hold Postern to a time that it promises run first, one after the other, with nothing beside them: on a machine
// whose cores are all taken a figure tells of the machine. All others follow, as many at once as the configuration says.
import { relative } from 'node:path';
import TestRunner from 'jest-runner';

/** Promises of a second or two. Suites with more room than that need no quiet. */
const TIMED = new Set(['test/chaos/revocation-latency.test.ts', 'test/e2e/demo.test.ts']);

const isTimed = ({ path, context }) => TIMED.has(relative(context.config.rootDir, path));

export default class TimedSuitesAlone extends TestRunner {
  async runTests(tests, watcher, options) {
    const globalConfig = this._globalConfig;
    const timed = tests.filter(isTimed);
    const others = tests.filter((test) => !isTimed(test));
    this._globalConfig = { ...globalConfig, maxWorkers: 1 };
    if (timed.length > 0) await super.runTests(timed, watcher, options);
    this._globalConfig = globalConfig;
    if (others.length > 0) await super.runTests(others, watcher, options);
  }
}
