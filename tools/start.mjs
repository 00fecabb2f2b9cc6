#!/usr/bin/env node
// Builds what changed since the last build, then starts one of Postern's processes in this terminal.
import { spawn } from 'node:child_process';
import { buildIfChanged } from './build-if-changed.mjs';

const entries = {
  sts: 'dist/apps/sts/src/main.js',
  proxy: 'dist/apps/proxy/src/main.js',
  control: 'dist/apps/control/src/main.js',
  relay: 'dist/apps/relay/src/main.js',
  standalone: 'dist/apps/standalone/src/main.js',
  demo: 'dist/test/demo/main.js',
  bench: 'dist/test/bench/main.js',
};

const [name = '', ...rest] = process.argv.slice(2);
const entry = entries[name];
if (entry === undefined) {
  console.error(`usage: node tools/start.mjs ${Object.keys(entries).join('|')}`);
  process.exit(64);
}
if (!buildIfChanged()) process.exit(1);
const child = spawn(process.execPath, ['--enable-source-maps', entry, ...rest], {
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to the child too: wait for its orderly end instead of ending first.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    if (signal === 'SIGTERM') child.kill(signal);
  });
}
child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
