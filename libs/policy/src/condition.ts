import { celEnv, CelScalar, isCelError, plan } from '@bufbuild/cel';
import { typeOfCondition } from './condition-check.js';
import { conditionFunctions } from './condition-functions.js';
import { bindInput, type ConditionInput } from './condition-input.js';
import { ConditionInvalid } from './condition-invalid.js';
import { ERROR_CHARACTERS_MAX } from './condition-limits.js';
import { ConditionMeter } from './condition-meter.js';
import { meterComprehensions } from './condition-ranges.js';
import { type ConditionSyntax, NodeInvalid, parseCondition } from './condition-syntax.js';
import { takes, typeText } from './condition-types.js';

export { type ConditionInput } from './condition-input.js';
export { ConditionInvalid } from './condition-invalid.js';

/** Only `'true'` permits. The error says what could not be judged, for the operator: at most 200 characters. */
export type ConditionOutcome = 'true' | 'false' | { readonly error: string };

/** The `when` of a grant, compiled. */
export interface Condition {
  readonly source: string;
  /**
   * Judges one request. Never throws, does no I/O and ends after a bounded amount of work: what costs too much is an
   * error, even where CEL would let the other side of `||` decide. So is a result that is not a boolean.
   */
  holds(input: ConditionInput): ConditionOutcome;
}

const meter = new ConditionMeter();
const functions = conditionFunctions(meter);
const environment = celEnv({ funcs: [...functions] });

/**
 * Compiles a condition, written in CEL (https://cel.dev), over the fixed input. docs/grants-conditions.md tells
 * grant owners what it may look like; condition-limits.ts has the limits.
 * @throws ConditionInvalid when it is not CEL, exceeds a limit, names what does not exist, or cannot be boolean
 */
export function compileCondition(source: string): Condition {
  const syntax = parseCondition(source);
  try {
    checkResult(syntax);
    meterComprehensions(syntax.root);
    const judge = plan(environment, syntax.root);
    return { source, holds: (input) => judged(judge, input, syntax) };
  } catch (error) {
    if (error instanceof ConditionInvalid) throw error;
    const place = error instanceof NodeInvalid ? syntax.placeOf(error.node) : undefined;
    const what = error instanceof Error ? error.message : String(error);
    throw new ConditionInvalid(what, place, { cause: error });
  }
}

function checkResult({ root }: ConditionSyntax): void {
  const type = typeOfCondition(root, functions);
  if (takes(CelScalar.BOOL, type)) return;
  throw new ConditionInvalid(`the result is ${typeText(type)}, expected bool`);
}

type Judge = ReturnType<typeof plan>;

function judged(judge: Judge, input: ConditionInput, syntax: ConditionSyntax): ConditionOutcome {
  // One judgement runs at a time: nothing in here waits.
  meter.reset();
  try {
    const result = judge(bindInput(input, meter));
    meter.charge(0);
    if (typeof result === 'boolean') return result ? 'true' : 'false';
    if (!isCelError(result)) return { error: 'the result is not a bool' };
    return failure(result.message, syntax.placeOf(result.exprId));
  } catch (error) {
    return failure(error instanceof Error ? error.message : String(error), undefined);
  }
}

function failure(what: string, place: ReturnType<ConditionSyntax['placeOf']>): ConditionOutcome {
  // What is quoted may come from a claim: no line of a log is its to break.
  const printable = what.replace(/[^\P{C}]/gu, '?').slice(0, ERROR_CHARACTERS_MAX);
  const { message } = new ConditionInvalid(printable, place);
  return { error: message.slice(0, ERROR_CHARACTERS_MAX) };
}
