import { type GrantFile, grantFileSchema } from './grant-file.js';
import { GrantSetInvalid } from './grant-set-invalid.js';
import { schemaProblems } from './schema-problems.js';
import { parseStrictYaml } from './strict-yaml.js';

export const GRANT_FILE_BYTES_MAX = 65_536;

/**
 * Reads one grant file strictly: an unknown key, a second document, an alias or a duplicate key is an error.
 * `file` names it in problems.
 * @throws GrantSetInvalid with every problem of the file.
 */
export function parseGrantFile(file: string, text: string): GrantFile {
  if (Buffer.byteLength(text) > GRANT_FILE_BYTES_MAX) {
    const what = `is larger than ${GRANT_FILE_BYTES_MAX} bytes`;
    throw new GrantSetInvalid([{ where: file, path: '', what }]);
  }
  const yaml = parseStrictYaml(file, text);
  if (yaml.kind === 'problems') throw new GrantSetInvalid(yaml.problems);
  const parsed = grantFileSchema.safeParse(yaml.value);
  if (!parsed.success) throw new GrantSetInvalid(schemaProblems(file, parsed.error.issues));
  return parsed.data;
}
