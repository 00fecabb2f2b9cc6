import { type z } from 'zod';
import { type PolicyProblem } from './policy-problem.js';

type Issue = z.core.$ZodIssue;

/** Each issue of a schema as a line for the operator; an unknown key is named with its own path. */
export const schemaProblems = (where: string, issues: readonly Issue[]): readonly PolicyProblem[] =>
  issues.flatMap((issue) => problemsOf(where, issue, []));

function problemsOf(where: string, issue: Issue, above: readonly PropertyKey[]): PolicyProblem[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      where,
      path: pathText([...path, key]),
      what: 'unknown key',
    }));
  }
  const branch = issue.code === 'invalid_union' ? closestBranch(issue.errors) : undefined;
  if (branch !== undefined) return branch.flatMap((inner) => problemsOf(where, inner, path));
  return [{ where, path: pathText(path), what: issue.message }];
}

/** The alternative that got furthest into what was written; undefined when none got anywhere. */
function closestBranch(branches: readonly (readonly Issue[])[]): readonly Issue[] | undefined {
  const depth = (branch: readonly Issue[]): number =>
    Math.max(0, ...branch.map(({ path }) => path.length));
  const deepest = [...branches].sort((one, other) => depth(other) - depth(one))[0];
  return deepest !== undefined && depth(deepest) > 1 ? deepest : undefined;
}

/** `subject.claims["kubernetes.io/namespace"][0]`. */
const pathText = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    const name = String(step);
    if (!/^[A-Za-z_]\w*$/.test(name)) return `${text}[${JSON.stringify(name)}]`;
    return text === '' ? name : `${text}.${name}`;
  }, '');
