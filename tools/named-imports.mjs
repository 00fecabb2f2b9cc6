// `import { X } from '#lib'` is read as the import of the one file that X comes from, as the index of the lib names it: the
// index itself loads all of the lib, with all that the lib imports. What the index does not name is left to the index, and to
// its error. Jest's transformer does so for each suite, and the build for each process.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = new URL('..', import.meta.url).pathname;

const IMPORT = /^import \{([^}]*)\} from '(#[^']+)';/gm;
const EXPORT = /^export \{([^}]*)\} from '(\.[^']+)\.js';/gm;

const namesOf = (list) =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

/** Of `X as Y` in an import: what the module calls it. In an export: what the index calls it. */
const [inside, outside] = [/ as .*$/, /^.* as /];
const withoutType = (name) => name.replace(/^type /, '');

/** From a name that the lib exports under its own name to the file of the lib. */
function doors(index) {
  const files = new Map();
  for (const [, list, file] of readFileSync(index, 'utf8').matchAll(EXPORT)) {
    for (const name of namesOf(list)) {
      if (!outside.test(name)) files.set(withoutType(name), join(dirname(index), `${file}.js`));
    }
  }
  return files;
}

/** From `#lib` to its doors. `condition`: of the imports of package.json, `source` for what is written, `default` for what is built. */
export function libDoors(condition) {
  const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const libs = Object.entries(imports).map(([lib, { [condition]: index }]) => [
    lib,
    join(root, index),
  ]);
  // Not all that there is is built: `#testing` is not.
  return new Map(
    libs.filter(([, index]) => existsSync(index)).map(([lib, index]) => [lib, doors(index)]),
  );
}

/** One line in, one line out: lines keep their numbers. */
export function withNamedImports(source, filename, libs) {
  return source.replace(IMPORT, (statement, list, lib) => {
    const files = libs.get(lib);
    if (files === undefined) return statement;
    const byFile = new Map();
    for (const name of namesOf(list)) {
      const file = files.get(withoutType(name).replace(inside, ''));
      if (file === undefined) return statement;
      byFile.set(file, [...(byFile.get(file) ?? []), name]);
    }
    const lines = '\n'.repeat(statement.split('\n').length - 1);
    return [...byFile].map(([file, names]) => importOf(names, filename, file)).join(' ') + lines;
  });
}

function importOf(names, from, file) {
  const place = relative(dirname(from), file);
  const specifier = place.startsWith('.') ? place : `./${place}`;
  if (names.some((name) => !name.startsWith('type '))) {
    return `import { ${names.join(', ')} } from '${specifier}';`;
  }
  return `import type { ${names.map(withoutType).join(', ')} } from '${specifier}';`;
}
