// Jest's transformer: SWC, and one step before it. Each suite loads its modules anew, and only those that it names: see
// named-imports.mjs.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import swc from '@swc/jest';
import { libDoors, withNamedImports } from './named-imports.mjs';

const libs = libDoors('source');
const direct = (source, filename) => withNamedImports(source, filename, libs);

const known = createHash('sha256')
  .update(readFileSync(new URL('./named-imports.mjs', import.meta.url)))
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
