// Jest's transformer: SWC, and one step before it. Each suite loads its modules anew, and the index of a lib loads all of
// the lib with all that the lib imports. `import { X } from '#lib'` is therefore read as the import of the one file that X
// comes from, as the lib's index names it. What the index does not name is left to the index, and to its error. Processes
// that tests start are built, and load by the index.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import swc from '@swc/jest';

const root = new URL('..', import.meta.url).pathname;
const { imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

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

const libs = new Map(
  Object.entries(imports).map(([lib, { source }]) => [lib, doors(join(root, source))]),
);

/** One line in, one line out: lines keep their numbers. */
function direct(source, filename) {
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

const known = createHash('sha256')
  .update(readFileSync(new URL(import.meta.url)))
  .update(JSON.stringify([...libs].map(([lib, files]) => [lib, [...files]])))
  .digest('hex');

export default {
  createTransformer(options) {
    const transformer = swc.createTransformer(options);
    return {
      ...transformer,
      process: (source, filename, jest) =>
        transformer.process(direct(source, filename), filename, jest),
      processAsync: (source, filename, jest) =>
        transformer.processAsync(direct(source, filename), filename, jest),
      getCacheKey: (...of) =>
        createHash('sha256')
          .update(transformer.getCacheKey(...of))
          .update(known)
          .digest('hex'),
    };
  },
};
