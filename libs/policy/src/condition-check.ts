import { type CelFunc, CelScalar, type CelType, listType, mapType } from '@bufbuild/cel';
import { typeOfCall } from './condition-check-call.js';
import { CONDITION_FIELDS, CONDITION_VARIABLES } from './condition-input.js';
import { type Comprehension, type Expr, NodeInvalid } from './condition-syntax.js';
import { elementType, joined, memberType, typeText } from './condition-types.js';

const { BOOL, BYTES, DOUBLE, DYN, INT, NULL, STRING, TYPE, UINT } = CelScalar;

const INT_MIN = -(2n ** 63n);
const INT_MAX = 2n ** 63n - 1n;
const UINT_MAX = 2n ** 64n - 1n;

/** Names that stand for a type, to compare `type(...)` with. */
const TYPE_NAMES: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
]);

const KEY_TYPES: ReadonlySet<string> = new Set(['bool', 'dyn', 'int', 'string', 'uint']);

/** The names that a node sees. */
export type Scope = ReadonlyMap<string, CelType>;

type Node = Pick<Expr, 'id'>;

/**
 * The type of a condition over the fixed input; dyn where only the input can tell.
 *
 * @bufbuild/cel 0.6.1 parses and evaluates; its own checker knows constants and names only. Like that of the CEL
 * specification this one knows every overload by its declared types, wants equal types on both sides of `==`, and
 * takes dyn for any type. Unlike it, it lets no name of a comprehension hide another, and knows no messages.
 * @throws NodeInvalid
 */
export const typeOfCondition = (root: Expr, functions: readonly CelFunc[]): CelType =>
  new ConditionTypes(functions).typeOf(root, CONDITION_VARIABLES);

class ConditionTypes {
  constructor(private readonly functions: readonly CelFunc[]) {}

  typeOf(node: Expr, scope: Scope): CelType {
    const { exprKind } = node;
    switch (exprKind.case) {
      case 'constExpr':
        return typeOfConstant(node, exprKind.value.constantKind);
      case 'identExpr':
        return typeOfName(node, exprKind.value.name, scope);
      case 'selectExpr':
        return this.#typeOfMember(node, exprKind.value, scope);
      case 'callExpr':
        return typeOfCall(node, exprKind.value, {
          functions: this.functions,
          typeOf: (one) => this.typeOf(one, scope),
        });
      case 'listExpr':
        return listType(
          joined(exprKind.value.elements.map((element) => this.typeOf(element, scope))),
        );
      case 'structExpr':
        return this.#typeOfMap(node, exprKind.value, scope);
      case 'comprehensionExpr':
        return this.#typeOfComprehension(node, exprKind.value, scope);
      default:
        throw incomplete(node);
    }
  }

  #typeOfMember(
    node: Node,
    select: Extract<Expr['exprKind'], { case: 'selectExpr' }>['value'],
    scope: Scope,
  ): CelType {
    if (select.operand === undefined) throw incomplete(node);
    const type = this.typeOf(select.operand, scope);
    const member = memberType(type, select.field);
    if (member === undefined) throw new NodeInvalid(node.id, noMember(type, select.field));
    return select.testOnly ? BOOL : member;
  }

  #typeOfMap(
    node: Node,
    { messageName, entries }: Extract<Expr['exprKind'], { case: 'structExpr' }>['value'],
    scope: Scope,
  ): CelType {
    if (messageName !== '') {
      throw new NodeInvalid(node.id, `there is no message type ${messageName}`);
    }
    const values = entries.map(({ keyKind, value }) => {
      if (keyKind.case !== 'mapKey' || value === undefined) throw incomplete(node);
      const key = this.typeOf(keyKind.value, scope);
      if (KEY_TYPES.has(key.name)) return this.typeOf(value, scope);
      throw new NodeInvalid(node.id, `${typeText(key)} cannot be a key of a map`);
    });
    return mapType(DYN, joined(values));
  }

  #typeOfComprehension(node: Node, fold: Comprehension, scope: Scope): CelType {
    const { iterRange, accuInit, loopCondition, loopStep, result } = fold;
    if (!iterRange || !accuInit || !loopCondition || !loopStep || !result) throw incomplete(node);
    const range = this.typeOf(iterRange, scope);
    const element = elementType(range);
    if (element === undefined) {
      throw new NodeInvalid(
        node.id,
        `${typeText(range)} has no elements, expected a list or a map`,
      );
    }
    checkNewName(node, fold.iterVar, scope);
    const outside = new Map(scope).set(fold.accuVar, this.typeOf(accuInit, scope));
    const inside = new Map(outside).set(fold.iterVar, element);
    this.typeOf(loopCondition, inside);
    this.typeOf(loopStep, inside);
    return this.typeOf(result, outside);
  }
}

const incomplete = (node: Node): NodeInvalid => new NodeInvalid(node.id, 'is not complete');

function noMember(type: CelType, field: string): string {
  const fields = type.kind === 'object' ? CONDITION_FIELDS.get(type.name) : undefined;
  if (fields === undefined) return `${typeText(type)} has no fields, so no ${field}`;
  return `${typeText(type)} has no field ${field}, it has ${[...fields.keys()].join(', ')}`;
}

function typeOfName(node: Node, name: string, scope: Scope): CelType {
  const type = scope.get(name);
  if (type !== undefined) return type;
  if (TYPE_NAMES.has(name)) return TYPE;
  const known = [...CONDITION_VARIABLES.keys()].join(', ');
  throw new NodeInvalid(node.id, `there is no variable ${name}, there are ${known}`);
}

function checkNewName(node: Node, name: string, scope: Scope): void {
  if (scope.has(name) || TYPE_NAMES.has(name)) {
    throw new NodeInvalid(node.id, `${name} has a meaning already, use another name`);
  }
}

type Constant = Extract<Expr['exprKind'], { case: 'constExpr' }>['value']['constantKind'];

function typeOfConstant(node: Node, constant: Constant): CelType {
  switch (constant.case) {
    case 'boolValue':
      return BOOL;
    case 'bytesValue':
      return BYTES;
    case 'doubleValue':
      return DOUBLE;
    case 'int64Value':
      checkRange(node, constant.value, { min: INT_MIN, max: INT_MAX });
      return INT;
    case 'nullValue':
      return NULL;
    case 'stringValue':
      return STRING;
    case 'uint64Value':
      checkRange(node, constant.value, { min: 0n, max: UINT_MAX });
      return UINT;
    default:
      throw incomplete(node);
  }
}

function checkRange(node: Node, value: bigint, { min, max }: { min: bigint; max: bigint }): void {
  if (value < min || value > max) {
    throw new NodeInvalid(node.id, `${value} is not within ${min} to ${max}`);
  }
}
