#!/usr/bin/env node
// npm test: builds, starts the real servers that this machine can give, runs every suite, stops the servers.
//   --unit  only the tests beside the source, without servers
//   --long  the full volumes
// Anything else is handed to jest, such as a path. POSTERN_TEST_SERVERS=required fails on a missing server.
import { spawn } from 'node:child_process';
import { buildIfChanged } from './build-if-changed.mjs';

const own = new Set(['--unit', '--long']);
const flags = process.argv.slice(2);
const unitOnly = flags.includes('--unit');
const forJest = flags
  .filter((flag) => !own.has(flag))
  .map((flag) => (flag.startsWith('-') ? flag : `--testPathPatterns=${flag}`));
const env = { ...process.env };
if (flags.includes('--long')) env.POSTERN_TEST_VOLUME = 'long';

if (!buildIfChanged()) process.exit(1);

let servers;
if (!unitOnly) {
  const support = await import('../dist/test/support/index.js');
  servers = await support.startTestServers();
  Object.assign(env, servers.environment);
  if (env.POSTERN_TEST_SERVERS === 'required' && servers.missing.length > 0) {
    await servers.stop();
    console.error(`missing servers: ${servers.missing.join(', ')} (POSTERN_TEST_SERVERS=required)`);
    process.exit(1);
  }
}

const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings=ExperimentalWarning',
    // Each suite loads its modules anew, and most of them are garbage soon: a larger nursery copies less. Workers inherit it.
    '--min-semi-space-size=16',
    '--max-semi-space-size=32',
    'node_modules/jest/bin/jest.js',
    '--reporters=./tools/test-reporter.mjs',
    ...(unitOnly ? ['--testPathPatterns=^(?:apps|libs|migrations|examples)/'] : []),
    ...forJest,
  ],
  { stdio: 'inherit', env },
);
const interrupted = () => jest.kill('SIGTERM');
process.on('SIGINT', interrupted);
process.on('SIGTERM', interrupted);
const code = await new Promise((resolve) => jest.on('exit', (status) => resolve(status ?? 1)));
await servers?.stop();
process.exit(code);
