import { type z } from 'zod';
import { type ConfigProblem } from './config-error.js';

/** What the schema found, one problem a line, with what stands in the file (no value of a secret is in it). */
export function problemsOf(where: string, error: z.ZodError, written: unknown): ConfigProblem[] {
  return error.issues.flatMap((issue) => problemOf(where, issue, written));
}

function problemOf(where: string, issue: z.core.$ZodIssue, written: unknown): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({
      where,
      path: pathText([...issue.path, name]),
      what: `unknown setting: known here are those of docs/postern.schema.json; correct the name or take it out`,
    }));
  }
  return [
    {
      where,
      path: pathText(issue.path),
      what: `${issue.message}, found ${found(written, issue.path)}`,
    },
  ];
}

/** `resources[0].inject.as` */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`,
    )
    .join('');
}

function found(written: unknown, path: readonly PropertyKey[]): string {
  let value = written;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return 'nothing';
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' && value !== null
    ? 'a mapping'
    : JSON.stringify(value).slice(0, 80);
}
