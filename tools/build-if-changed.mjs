// Runs the compiler only when a source file is newer, or another, than those of the last build. `node` on this file does
// so, and ends with 1 when the compiler found errors.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lightenImports } from './light-imports.mjs';

const root = new URL('..', import.meta.url).pathname;
const sources = ['apps', 'libs', 'migrations', 'examples', 'test'];
const single = [
  ...['package-lock.json', 'package.json', 'tsconfig.json', 'tsconfig.build.json'],
  ...['tools/light-imports.mjs', 'tools/named-imports.mjs'],
];
const stampFile = join(root, 'dist', 'build.stamp');

function stamp() {
  const hash = createHash('sha256');
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const full = join(path, entry.name);
      if (entry.isDirectory()) visit(full);
      else if (/\.ts$/.test(entry.name) && !/\.test\.ts$/.test(entry.name)) add(full);
    }
  };
  const add = (file) => {
    const { size, mtimeMs } = statSync(file);
    hash.update(`${file}:${size}:${mtimeMs}\n`);
  };
  for (const folder of sources) if (existsSync(join(root, folder))) visit(join(root, folder));
  for (const file of single) add(join(root, file));
  return hash.digest('hex');
}

/** Returns false when the compiler found errors; it has printed them. */
export function buildIfChanged() {
  const wanted = stamp();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return true;
  console.log('building Postern (once; later starts skip this) ...');
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) return false;
  mkdirSync(join(root, 'dist'), { recursive: true });
  lightenImports(join(root, 'dist'));
  writeFileSync(stampFile, wanted);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exit(buildIfChanged() ? 0 : 1);
