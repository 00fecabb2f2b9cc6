import {
  type CelFunc,
  celEnv,
  celFunc,
  type CelList,
  type CelMap,
  celMethod,
  CelScalar,
  type CelValue,
  isCelError,
  listType,
  mapType,
  objectType,
} from '@bufbuild/cel';
import { CHARACTERS_PER_UNIT } from './condition-limits.js';
import { type ConditionMeter, shallowUnits } from './condition-meter.js';
import { CORRECTED_FUNCTIONS } from './condition-corrections.js';

/** Charges for a comprehension before it runs. No text can name it: `@` starts no identifier. */
export const METERED_RANGE = '@metered_range';

const { DYN, INT } = CelScalar;

/** Their errors quote the value, which may be a claim. */
const CONVERSIONS: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'duration',
  'int',
  'string',
  'timestamp',
  'uint',
]);

/**
 * The functions of a condition: CEL's standard ones, each charged for before it runs. Left out are `matches` (a
 * pattern costs more than it says) and the time zone of `getHours` and its like (zone data differ between machines:
 * times are UTC).
 */
export function conditionFunctions(meter: ConditionMeter): readonly CelFunc[] {
  const corrected = new Set(CORRECTED_FUNCTIONS.map(({ id }) => id));
  const standard = [...celEnv().funcs].filter((one) => isOffered(one) && !corrected.has(one.id));
  return [
    ...[...standard, ...CORRECTED_FUNCTIONS].map((one) => metered(one, meter)),
    ...meteredRanges(meter),
  ];
}

const isOffered = ({ name, target, arguments: parameters }: CelFunc): boolean =>
  name !== 'matches' && !(target?.name === TIMESTAMP.name && parameters.length > 0);

const TIMESTAMP = objectType('google.protobuf.Timestamp');

/** The same function, which charges for its arguments first. */
function metered(one: CelFunc, meter: ConditionMeter): CelFunc {
  const call = (target: CelValue | undefined, args: CelValue[]): CelValue => {
    chargeCall(one.name, target === undefined ? args : [target, ...args], meter);
    const result = one.call(0, target, args);
    if (result === undefined) throw new Error(`${one.name} does not take these arguments`);
    if (!isCelError(result)) return result;
    throw new Error(CONVERSIONS.has(one.name) ? `${one.name}() cannot convert it` : result.message);
  };
  const { name, target, arguments: parameters, result } = one;
  if (target === undefined) {
    return celFunc(name, parameters, result, (...args: CelValue[]) => call(undefined, args));
  }
  return celMethod(
    name,
    target,
    parameters,
    result,
    function (this: CelValue, ...args: CelValue[]) {
      return call(this, args);
    },
  );
}

function chargeCall(name: string, args: readonly CelValue[], meter: ConditionMeter): void {
  const [first, second] = args;
  if (name === '_+_') {
    // What it makes is as long as both together; what is in the lists is not looked at.
    args.forEach((value) => meter.charge(shallowUnits(value)));
  } else if (name === 'contains' && typeof first === 'string' && typeof second === 'string') {
    meter.charge(
      1 + (first.length / CHARACTERS_PER_UNIT) * (1 + second.length / CHARACTERS_PER_UNIT),
    );
  } else {
    args.forEach((value) => meter.chargeDeep(value));
  }
}

function meteredRanges(meter: ConditionMeter): readonly CelFunc[] {
  const paid = <Range extends CelList | CelMap>(range: Range, bodyNodes: bigint): Range => {
    meter.charge(shallowUnits(range) * Number(bodyNodes));
    return range;
  };
  const list = listType(DYN);
  const map = mapType(DYN, DYN);
  return [
    celFunc(METERED_RANGE, [list, INT], list, paid<CelList>),
    celFunc(METERED_RANGE, [map, INT], map, paid<CelMap>),
  ];
}
