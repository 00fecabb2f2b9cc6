#!/usr/bin/env node
// Builds what changed since the last build, then starts one of Postern's processes in this terminal. Without a
// POSTERN_CONFIG, standalone starts on examples/postern.yaml with an example issuer and ledger beside it.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildIfChanged } from './build-if-changed.mjs';

const entries = {
  sts: 'dist/apps/sts/src/main.js',
  proxy: 'dist/apps/proxy/src/main.js',
  control: 'dist/apps/control/src/main.js',
  relay: 'dist/apps/relay/src/main.js',
  rotator: 'dist/apps/rotator/src/main.js',
  sentinel: 'dist/apps/sentinel/src/main.js',
  standalone: 'dist/apps/standalone/src/main.js',
  demo: 'dist/test/demo/main.js',
  bench: 'dist/test/bench/main.js',
  'evaluate:detection': 'dist/test/evaluation/main.js',
};
const EXAMPLE = 'examples/postern.yaml';
// Nearly all that a call needs is garbage when it ends: a larger nursery is swept less often (docs/hot-path.md). The image
// has the same in its NODE_OPTIONS.
const NODE_OPTIONS = ['--enable-source-maps', '--max-semi-space-size=32'];

const [name = '', ...rest] = process.argv.slice(2);
const entry = entries[name];
if (entry === undefined) {
  console.error(`usage: node tools/start.mjs ${Object.keys(entries).join('|')}`);
  process.exit(64);
}
if (!buildIfChanged()) process.exit(1);
const withExample = name === 'standalone' && process.env.POSTERN_CONFIG === undefined;
const children = [];

const env = withExample ? { ...process.env, POSTERN_CONFIG: EXAMPLE } : process.env;
if (withExample) {
  const file = examplePasswordFile();
  seal(readFileSync(file, 'utf8'));
  start('dist/examples/main.js', [], { ...process.env, EXAMPLE_LEDGER_PASSWORD_FILE: file });
}
const main = start(entry, rest, env);
if (withExample) main.stdout.on('data', sayHow);
main.on('exit', (code, signal) => {
  for (const child of children) child.kill('SIGTERM');
  process.exitCode = signal === null ? (code ?? 1) : 1;
});

function start(file, args, environment) {
  const output = withExample && file === entry ? 'pipe' : 'inherit';
  const child = spawn(process.execPath, [...NODE_OPTIONS, file, ...args], {
    env: environment,
    stdio: ['inherit', output, 'inherit'],
  });
  children.push(child);
  return child;
}

// Ctrl-C reaches the children from the terminal: this process only waits for their orderly end.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => {
  for (const child of children) child.kill('SIGTERM');
});

/**
 * The password is made up once and kept beside the data: the example ledger and the sealed store must agree over restarts.
 * The ledger writes it anew whenever it is rotated.
 */
function examplePasswordFile() {
  const folder = process.env.POSTERN_DATA_FOLDER ?? '.postern';
  const file = `${folder}/example-ledger-password`;
  mkdirSync(folder, { recursive: true });
  if (!existsSync(file)) {
    writeFileSync(file, `ledger-${randomBytes(12).toString('hex')}`, { mode: 0o600 });
  }
  return file;
}

/** As an operator would: `postern seal put`, once. */
function seal(secret) {
  const marker = `${process.env.POSTERN_DATA_FOLDER ?? '.postern'}/example-sealed`;
  if (existsSync(marker) && process.env.DATABASE_URL === undefined) return;
  if (process.env.VAULT_ADDR !== undefined) {
    console.log('VAULT_ADDR is set: write username and password to secret/legacy/ledger there');
    return;
  }
  const args = ['dist/apps/cli/src/main.js', 'seal', 'put', 'secret/legacy/ledger', '--if-absent'];
  const { status } = spawnSync(process.execPath, args, {
    env: { ...process.env, POSTERN_CONFIG: EXAMPLE },
    input: JSON.stringify({ username: 'ledger-svc', password: secret }),
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(marker, '');
}

/** Passes the output on, and behind the line that says `ready` what to paste. */
function sayHow(chunk) {
  process.stdout.write(chunk);
  if (!/postern standalone ready/.test(chunk.toString())) return;
  process.stdout.write(`
Paste this into another terminal:

SUBJECT_TOKEN=$(curl -s 'http://127.0.0.1:8090/mint?sub=settler')
HANDLE=$(curl -s http://127.0.0.1:8080/oauth2/token -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange -d subject_token="$SUBJECT_TOKEN" -d subject_token_type=urn:ietf:params:oauth:token-type:jwt -d audience=ledger -d scope=ledger.read | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')
curl -s http://127.0.0.1:8080/proxy/ledger/accounts/42 -H "Authorization: Bearer $HANDLE"

Health: http://127.0.0.1:8081/readyz   Events: npx postern events tail   Ctrl-C stops everything.
`);
}
