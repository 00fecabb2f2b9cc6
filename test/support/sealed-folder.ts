import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** What the destination `ledger` wants. */
export interface SealedLogin {
  readonly username: string;
  readonly password: string;
}

type Environment = Readonly<Record<string, string>> & { readonly POSTERN_DATA_FOLDER: string };

const ROOT = resolve('.test-servers');
const PREFIX = 'sealed-';

/**
 * Makes the data folder of a standalone as `seal` makes it. That takes a new PostgreSQL, its migrations and its end, some
 * seconds in all, so it is done once for a build and a login, and copied for each folder. Of no running process.
 */
export function copySealedFolder(
  environment: Environment,
  login: SealedLogin,
  seal: (login: SealedLogin, environment: Environment) => void,
): void {
  const { username, password } = login;
  const build = digest(readFileSync('dist/build.stamp', 'utf8'));
  const name = `${PREFIX}${build}-${digest(JSON.stringify([username, password]))}`;
  const original = join(ROOT, name);
  if (!existsSync(original)) {
    forgetOtherBuilds(build);
    makeOriginal(original, (folder) => {
      seal(login, { ...environment, POSTERN_DATA_FOLDER: folder });
    });
  }
  // Run by root, PostgreSQL keeps its files elsewhere when its account may not enter: then there is nothing to copy.
  if (existsSync(join(original, 'postgres', 'data', 'PG_VERSION'))) {
    execFileSync('cp', ['-a', original, environment.POSTERN_DATA_FOLDER]);
  } else {
    seal(login, environment);
  }
}

/** Two suites may make it at the same time: the folder of the first stays. One suite makes it once, for nothing awaits. */
function makeOriginal(original: string, make: (folder: string) => void): void {
  const unfinished = `${original}.${process.pid}`;
  mkdirSync(ROOT, { recursive: true, mode: 0o755 });
  make(unfinished);
  if (existsSync(original)) rmSync(unfinished, { recursive: true });
  else renameSync(unfinished, original);
}

function forgetOtherBuilds(build: string): void {
  if (!existsSync(ROOT)) return;
  for (const name of readdirSync(ROOT)) {
    if (!name.startsWith(PREFIX) || name.startsWith(PREFIX + build)) continue;
    rmSync(join(ROOT, name), { recursive: true, force: true });
  }
}

const digest = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 16);
