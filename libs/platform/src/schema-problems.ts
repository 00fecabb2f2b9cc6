import { type z } from 'zod';
import { type ConfigProblem } from './config-error.js';
import { knownSettings } from './known-settings.js';
import { masked } from './masked.js';
import { nearestName } from './nearest-name.js';

const FOUND_CHARACTERS_MAX = 80;
/** Of an issuer, of a resource. */
const DECIDING: ReadonlySet<unknown> = new Set(['kind', 'connector']);
const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'text',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

/** What the schema found, one problem a setting: what was expected, and what stands there. */
export function problemsOf(where: string, error: z.ZodError, written: unknown): ConfigProblem[] {
  return telling(error.issues).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return unknownSettings(where, issue, written);
    const path = pathText(issue.path);
    if (issue.code === 'invalid_key') {
      const what = issue.issues[0]?.message ?? 'expected another name';
      return [{ where, path, what: `${what}, found ${shown(issue.path.at(-1))}` }];
    }
    return [{ where, path, what: problemText(expectation(issue), at(written, issue.path)) }];
  });
}

/** What an entry is of decides which settings it has: while that is wrong, its other problems say nothing. */
function telling(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
  const deciding = issues.filter(({ path }) => path.length === 3 && DECIDING.has(path[2]));
  return issues.filter(
    (issue) =>
      deciding.includes(issue) ||
      !deciding.some(({ path }) => path[0] === issue.path[0] && path[1] === issue.path[1]),
  );
}

function unknownSettings(
  where: string,
  issue: z.core.$ZodIssueUnrecognizedKeys,
  written: unknown,
): ConfigProblem[] {
  const known = knownSettings(written, issue.path);
  return issue.keys.map((name) => {
    const nearest = nearestName(name, known);
    const meant = nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
    return {
      where,
      path: pathText([...issue.path, name]),
      what: `unknown setting: expected one of ${known.join(', ')}.${meant}`,
    };
  });
}

const problemText = (expected: string, found: unknown): string =>
  found === undefined ? `is missing: ${expected}` : `${expected}, found ${shown(found)}`;

function expectation(issue: z.core.$ZodIssue): string {
  if (issue.message.startsWith('Invalid') && issue.code === 'invalid_type') {
    return `expected ${TYPE_WORDS[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === 'invalid_value' && issue.message.startsWith('Invalid')) {
    return `expected one of ${issue.values.map(String).join(', ')}`;
  }
  if (issue.code === 'too_small' && issue.message.startsWith('Too')) {
    return `expected at least ${String(issue.minimum)}`;
  }
  if (issue.code === 'too_big' && issue.message.startsWith('Too')) {
    return `expected at most ${String(issue.maximum)}`;
  }
  return issue.message;
}

/** `resources[0].scopes["ledger.read"][1]` */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = String(step).slice(0, FOUND_CHARACTERS_MAX);
    if (!/^[A-Za-z_][\w-]*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');

function at(written: unknown, path: readonly PropertyKey[]): unknown {
  let value = written;
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) {
      return undefined;
    }
    value = (value as Record<PropertyKey, unknown>)[step];
  }
  return value;
}

/** What stands there, cut short; of a mapping only the names, for a value may be a secret that was put there by mistake. */
export function shown(found: unknown): string {
  if (Array.isArray(found)) return found.length === 0 ? 'an empty list' : 'a list';
  if (found === null) return 'nothing';
  if (typeof found === 'object') {
    const names = Object.keys(found).join(', ');
    return names === ''
      ? 'an empty mapping'
      : `a mapping of ${names.slice(0, FOUND_CHARACTERS_MAX)}`;
  }
  return masked(JSON.stringify(found)).slice(0, FOUND_CHARACTERS_MAX);
}
