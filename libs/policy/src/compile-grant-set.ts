import { NotCanonical } from '#kernel';
import { checkGrantFile } from './check-grant-file.js';
import { compileGrant } from './compile-grant.js';
import { type Grant, type GrantSet } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { type GrantFile } from './grant-file.js';
import { grantSetOf } from './grant-set.js';
import { GrantSetInvalid } from './grant-set-invalid.js';
import { grantsOverlap } from './match-grants.js';
import { parseGrantFile } from './parse-grant-file.js';
import { type PolicyProblem } from './policy-problem.js';
import { runOwnTests } from './run-own-tests.js';

/** One grant file as read: its name for problems, and its text. */
export interface GrantFileText {
  readonly file: string;
  readonly text: string;
}

interface ParsedFile {
  readonly where: string;
  readonly file: GrantFile;
}

interface CompiledFile extends ParsedFile {
  readonly grant: Grant;
}

/**
 * Compiles grant files to the one immutable set, or to all their problems: each file by itself, what it refers to,
 * ids that stand twice, two grants that could match one request, and each grant's own tests. No file is a set too:
 * it permits nothing. An overdue grant compiles: it denies when asked, and lintGrantSet names it.
 * @throws GrantSetInvalid with every problem of every file.
 */
export function compileGrantSet(files: readonly GrantFileText[], context: GrantContext): GrantSet {
  const problems: PolicyProblem[] = [];
  const parsed = files.flatMap((file) => parseInto(problems, file));
  const compiled = parsed.flatMap((file) => compileInto(problems, file, context));
  problems.push(...repeatedIds(parsed), ...overlaps(compiled));
  const set = grantSetOf(
    compiled.map(({ grant }) => grant),
    context.now,
  );
  problems.push(...compiled.flatMap((one) => runOwnTests(one, set, context)));
  if (problems.length > 0) throw new GrantSetInvalid(problems);
  return set;
}

function parseInto(problems: PolicyProblem[], { file, text }: GrantFileText): ParsedFile[] {
  try {
    return [{ where: file, file: parseGrantFile(file, text) }];
  } catch (error) {
    if (!(error instanceof GrantSetInvalid)) throw error;
    problems.push(...error.problems);
    return [];
  }
}

/** Only a file without a problem takes part in what follows, so that one fault is not told twice. */
function compileInto(
  problems: PolicyProblem[],
  { where, file }: ParsedFile,
  context: GrantContext,
): CompiledFile[] {
  const found = checkGrantFile(where, file, context);
  problems.push(...found);
  if (found.length > 0) return [];
  try {
    return [{ where, file, grant: compileGrant(where, file, context) }];
  } catch (error) {
    if (!(error instanceof NotCanonical)) throw error;
    problems.push({ where, path: '', what: `has no digest: ${error.message}` });
    return [];
  }
}

function repeatedIds(parsed: readonly ParsedFile[]): PolicyProblem[] {
  const firstOf = new Map<string, string>();
  return parsed.flatMap(({ where, file }) => {
    const first = firstOf.get(file.id);
    if (first === undefined) {
      firstOf.set(file.id, where);
      return [];
    }
    return [{ where, path: 'id', what: `"${file.id}" is the id of ${first} already` }];
  });
}

/** A decision always has exactly one grant, so no two of one resource may fit one subject. */
function overlaps(compiled: readonly CompiledFile[]): PolicyProblem[] {
  return compiled.flatMap(({ grant }, index) =>
    compiled
      .slice(0, index)
      .filter(({ grant: earlier }) => grantsOverlap(earlier, grant))
      .map(({ grant: earlier }) => ({
        where: grant.file,
        path: 'subject',
        what: `can match the same request as grant ${earlier.id} of ${earlier.file}: make one grant of both, or narrow one`,
      })),
  );
}
