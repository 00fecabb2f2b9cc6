import { parse } from '@bufbuild/cel';
import { ConditionInvalid, type ConditionPlace } from './condition-invalid.js';
import {
  BRACKETS_MAX,
  COMPREHENSION_DEPTH_MAX,
  DEPTH_MAX,
  NODES_MAX,
  SOURCE_CHARACTERS_MAX,
} from './condition-limits.js';

type ParsedCondition = ReturnType<typeof parse>;
/** A node of the syntax tree, macros expanded. */
export type Expr = ParsedCondition['expr'];
export type Comprehension = Extract<Expr['exprKind'], { case: 'comprehensionExpr' }>['value'];

/** What is wrong with one node. compileCondition turns it into a ConditionInvalid with a place. */
export class NodeInvalid extends Error {
  constructor(
    readonly node: bigint,
    what: string,
  ) {
    super(what);
  }
}

export interface ConditionSyntax {
  readonly root: Expr;
  /** Undefined for a node that stands for nothing in the text. */
  readonly placeOf: (node: bigint | undefined) => ConditionPlace | undefined;
}

/** Parses the text and checks that it is within all limits. @throws ConditionInvalid */
export function parseCondition(source: string): ConditionSyntax {
  checkText(source);
  const { expr, sourceInfo } = parseText(source);
  const placeOf = (node: bigint | undefined): ConditionPlace | undefined => {
    const offset = sourceInfo?.positions[String(node)];
    return offset === undefined ? undefined : placeAt(source, offset);
  };
  checkTree(expr, placeOf);
  return { root: expr, placeOf };
}

function checkText(source: string): void {
  if (source.length > SOURCE_CHARACTERS_MAX) {
    throw new ConditionInvalid(
      `has ${source.length} characters, at most ${SOURCE_CHARACTERS_MAX} are allowed`,
    );
  }
  const brackets = source.match(/[([{]/g)?.length ?? 0;
  if (brackets > BRACKETS_MAX) {
    throw new ConditionInvalid(
      `opens ${brackets} brackets, at most ${BRACKETS_MAX} are allowed, those in strings included`,
    );
  }
}

function parseText(source: string): ParsedCondition {
  try {
    return parse(source);
  } catch (error) {
    throw syntaxError(source, error);
  }
}

/** Where the parser gave up. Its list of all that could have stood there helps nobody, so it is left out. */
function syntaxError(source: string, error: unknown): ConditionInvalid {
  if (!(error instanceof Error) || !hasLocation(error)) {
    const what = error instanceof Error ? error.message : String(error);
    return new ConditionInvalid(`is not CEL: ${what}`, undefined, { cause: error });
  }
  const { offset } = error.location.start;
  const found = source.codePointAt(offset);
  const what =
    found === undefined
      ? 'it ends too early'
      : `unexpected ${JSON.stringify(String.fromCodePoint(found))}`;
  return new ConditionInvalid(`is not CEL: ${what}`, placeAt(source, offset), { cause: error });
}

const hasLocation = (error: Error): error is Error & { location: { start: { offset: number } } } =>
  'location' in error;

function placeAt(source: string, offset: number): ConditionPlace {
  // The parser counts the space before a node as its beginning.
  const space = /^\s*/.exec(source.slice(offset))?.[0].length ?? 0;
  const lines = source.slice(0, offset + space).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function checkTree(root: Expr, placeOf: ConditionSyntax['placeOf']): void {
  let nodes = 0;
  const refuse = (node: Expr, what: string): never => {
    throw new ConditionInvalid(what, placeOf(node.id));
  };
  const visit = (node: Expr, depth: number, comprehensions: number): void => {
    nodes += 1;
    if (nodes > NODES_MAX) refuse(node, `has more than ${NODES_MAX} parts`);
    if (depth > DEPTH_MAX) refuse(node, `is nested more than ${DEPTH_MAX} deep`);
    if (comprehensions > COMPREHENSION_DEPTH_MAX) {
      refuse(node, 'all, exists, exists_one, map and filter cannot stand inside one another');
    }
    const range = rangeOf(node);
    for (const child of childrenOf(node)) {
      const inside = range === undefined || child === range ? 0 : 1;
      visit(child, depth + 1, comprehensions + inside);
    }
  };
  visit(root, 1, 0);
}

const rangeOf = ({ exprKind }: Expr): Expr | undefined =>
  exprKind.case === 'comprehensionExpr' ? exprKind.value.iterRange : undefined;

/** All nodes right below a node. */
export function childrenOf({ exprKind }: Expr): readonly Expr[] {
  switch (exprKind.case) {
    case 'selectExpr':
      return present([exprKind.value.operand]);
    case 'callExpr':
      return present([exprKind.value.target, ...exprKind.value.args]);
    case 'listExpr':
      return exprKind.value.elements;
    case 'structExpr':
      return exprKind.value.entries.flatMap(({ keyKind, value }) =>
        present([keyKind.case === 'mapKey' ? keyKind.value : undefined, value]),
      );
    case 'comprehensionExpr':
      return present([exprKind.value.iterRange, ...bodyOf(exprKind.value)]);
    default:
      return [];
  }
}

const bodyOf = ({ accuInit, loopCondition, loopStep, result }: Comprehension): readonly Expr[] =>
  present([accuInit, loopCondition, loopStep, result]);

const present = (nodes: readonly (Expr | undefined)[]): readonly Expr[] =>
  nodes.filter((node) => node !== undefined);

export const countNodes = (node: Expr): number =>
  childrenOf(node).reduce((sum, child) => sum + countNodes(child), 1);
