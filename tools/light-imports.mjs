// The last step of the build. A process that starts spends most of its time on loading files, and half of those it never
// needs: the compiler leaves `import {} from 'x'` of an import of types, which loads x, and `#lib` loads all of a lib.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { libDoors, withNamedImports } from './named-imports.mjs';

/** Nothing is named in it. What is imported for its effect is written `import 'x'`. */
const OF_TYPES = /^import \{\s*\} from '[^']+';/gm;

/** Of all files of the build; to one that it has been through it does nothing. Lines keep their numbers. */
export function lightenImports(folder) {
  const libs = libDoors('default');
  for (const { name, parentPath } of readdirSync(folder, {
    withFileTypes: true,
    recursive: true,
  })) {
    if (!name.endsWith('.js')) continue;
    const file = join(parentPath, name);
    const built = readFileSync(file, 'utf8');
    const light = withNamedImports(built.replace(OF_TYPES, ''), file, libs);
    if (light !== built) writeFileSync(file, light);
  }
}
