import { type CelFunc, CelScalar, type CelType } from '@bufbuild/cel';
import { type Expr, NodeInvalid } from './condition-syntax.js';
import { comparable, elementType, isDyn, joined, takes, typeText } from './condition-types.js';

const { BOOL, DYN } = CelScalar;

type Call = Extract<Expr['exprKind'], { case: 'callExpr' }>['value'];
type Node = Pick<Expr, 'id'>;

interface CallScope {
  readonly functions: readonly CelFunc[];
  readonly typeOf: (node: Expr) => CelType;
}

/** A call whose target and arguments have these types. */
interface TypedCall {
  readonly node: Node;
  readonly name: string;
  readonly target: CelType | undefined;
  readonly args: readonly CelType[];
}

/** What the declared types of an operator do not say. */
const OPERATORS: ReadonlyMap<string, (call: TypedCall) => CelType> = new Map([
  ['_&&_', typeOfLogic],
  ['_||_', typeOfLogic],
  ['@not_strictly_false', typeOfLogic],
  ['_==_', typeOfEquality],
  ['_!=_', typeOfEquality],
  ['_?_:_', typeOfChoice],
  ['_[_]', typeOfIndex],
  ['@in', typeOfIn],
]);

/** The type of what a call returns. @throws NodeInvalid */
export function typeOfCall(node: Node, call: Call, { functions, typeOf }: CallScope): CelType {
  const named = functions.filter(({ name }) => name === call.function);
  const operator = OPERATORS.get(call.function);
  if (operator === undefined && named.length === 0) throw noFunction(node, call.function);
  const typed = {
    node,
    name: call.function,
    target: call.target === undefined ? undefined : typeOf(call.target),
    args: call.args.map(typeOf),
  };
  return operator === undefined ? typeOfOverloads(typed, named) : operator(typed);
}

function noFunction(node: Node, name: string): NodeInvalid {
  return new NodeInvalid(node.id, FUNCTION_HINTS.get(name) ?? `there is no function ${name}`);
}

const macroHint = (name: string): [string, string] => [
  name,
  `${name} takes a name and what to do with it, such as request.scopes.${name}(s, ...)`,
];

const FUNCTION_HINTS: ReadonlyMap<string, string> = new Map([
  ['matches', 'matches is not offered: use ==, in, startsWith, endsWith or contains'],
  ['has', 'has() takes a field, such as has(subject.claims.name)'],
  ...['all', 'exists', 'exists_one', 'filter', 'map'].map(macroHint),
]);

/** Of the overloads that take the arguments; dyn when they differ in what they return. */
function typeOfOverloads(call: TypedCall, overloads: readonly CelFunc[]): CelType {
  const fitting = overloads.filter((overload) => fits(overload, call));
  if (fitting.length === 0) throw noOverload(call);
  return joined(fitting.map(({ result }) => result));
}

function fits({ target, arguments: wanted }: CelFunc, call: TypedCall): boolean {
  if ((target === undefined) !== (call.target === undefined)) return false;
  if (target !== undefined && call.target !== undefined && !takes(target, call.target)) {
    return false;
  }
  return (
    wanted.length === call.args.length &&
    wanted.every((type, index) => takes(type, call.args[index] ?? DYN))
  );
}

function noOverload({ node, name, target, args }: TypedCall): NodeInvalid {
  const given = args.map(typeText).join(', ');
  const on = target === undefined ? '' : `${typeText(target)}.`;
  return new NodeInvalid(node.id, `${readable(name)} does not take ${on}(${given})`);
}

/** `_+_` is `+`, `@in` is `in`, `-_` is `-`. */
const readable = (name: string): string => name.replace(/[_@]+(?=\W|$)|^[_@]+/g, '');

/** Macros are written with these operators, so the test of one may be what is at fault. */
const LOGIC_PARTS: ReadonlyMap<string, string> = new Map([
  ['_&&_', 'each side of &&, and the test of all,'],
  ['_||_', 'each side of ||, and the test of exists,'],
]);

function typeOfLogic({ node, name, args }: TypedCall): CelType {
  for (const type of args) {
    if (takes(BOOL, type)) continue;
    const part = LOGIC_PARTS.get(name) ?? 'the test';
    throw new NodeInvalid(node.id, `${part} must be bool, not ${typeText(type)}`);
  }
  return BOOL;
}

function typeOfEquality(call: TypedCall): CelType {
  const [one = DYN, other = DYN] = call.args;
  if (!comparable(one, other)) throw noOverload(call);
  return BOOL;
}

function typeOfChoice({ node, args }: TypedCall): CelType {
  const [condition = DYN, one = DYN, other = DYN] = args;
  if (!takes(BOOL, condition)) {
    throw new NodeInvalid(
      node.id,
      `what stands before ?, and the test of filter, must be bool, not ${typeText(condition)}`,
    );
  }
  if (!comparable(one, other)) {
    const both = `${typeText(one)} and ${typeText(other)}`;
    throw new NodeInvalid(node.id, `both results of ?: must have one type, not ${both}`);
  }
  return joined([one, other]);
}

function typeOfIndex(call: TypedCall): CelType {
  const [container = DYN, index = DYN] = call.args;
  if (isDyn(container)) return DYN;
  if (container.kind === 'list' && ['int', 'uint', 'double', 'dyn'].includes(index.name)) {
    return container.element;
  }
  if (container.kind === 'map' && comparable(container.key, index)) return container.value;
  const what = `${typeText(container)} cannot be indexed by ${typeText(index)}`;
  throw new NodeInvalid(call.node.id, what);
}

function typeOfIn(call: TypedCall): CelType {
  const [value = DYN, container = DYN] = call.args;
  const element = elementType(container);
  if (element === undefined || !comparable(element, value)) throw noOverload(call);
  return BOOL;
}
