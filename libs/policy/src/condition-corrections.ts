import {
  type CelFunc,
  celFunc,
  celList,
  celMethod,
  CelScalar,
  celUint,
  type CelValue,
  listType,
  objectType,
} from '@bufbuild/cel';

const { DOUBLE, DYN, INT, STRING, UINT } = CelScalar;
const LIST = listType(DYN);
const TIMESTAMP = objectType('google.protobuf.Timestamp');
const DURATION = objectType('google.protobuf.Duration');
const NANOS_PER_SECOND = 1_000_000_000n;
const DAY_MS = 86_400_000;

const INT_RANGE = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
const UINT_RANGE = { min: 0n, max: 2n ** 64n - 1n };
/** The years 1 to 9999, in seconds since 1970. */
const TIMESTAMP_RANGE = { min: -62_135_596_800n, max: 253_402_300_799n };

interface TimeMessage {
  readonly message: { readonly seconds: bigint; readonly nanos: number };
}

/** What the library holds for a timestamp; its own type of it cannot be named from outside. */
const timeOf = (value: CelValue): TimeMessage['message'] =>
  (value as unknown as TimeMessage).message;

/**
 * Standard functions in which @bufbuild/cel 0.6.1 departs from the CEL specification
 * (https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions) so that a condition
 * could be true where it must not be, or depend on the machine.
 */
export const CORRECTED_FUNCTIONS: readonly CelFunc[] = [
  // The library takes an empty string for 0, hexadecimal digits and spaces.
  celFunc('int', [STRING], INT, (text) =>
    inRange(INT_RANGE, BigInt(matching(/^-?\d{1,19}$/, text))),
  ),
  celFunc('uint', [STRING], UINT, (text) =>
    celUint(inRange(UINT_RANGE, BigInt(matching(/^\d{1,20}$/, text)))),
  ),
  celFunc('double', [STRING], DOUBLE, (text) =>
    Number(matching(/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/, text)),
  ),
  // The library takes milliseconds; CEL says seconds, and so does every time claim of a token (RFC 7519 section 2).
  celFunc('timestamp', [INT], TIMESTAMP, (seconds) => ({
    $typeName: TIMESTAMP.name,
    seconds: inRange(TIMESTAMP_RANGE, seconds),
    nanos: 0,
  })),
  // The library makes a timestamp of it, which compares with no duration.
  celFunc('_-_', [TIMESTAMP, TIMESTAMP], DURATION, (later, earlier) =>
    between(timeOf(later), timeOf(earlier)),
  ),
  // The library makes a chain as long as a list that grows element by element, and walks all of it each time.
  celFunc('_+_', [LIST, LIST], LIST, (one, other) => celList([...one, ...other])),
  // The library goes through the local time of the process, which skips an hour a year in some places.
  utcPart('getFullYear', (date) => date.getUTCFullYear()),
  utcPart('getMonth', (date) => date.getUTCMonth()),
  utcPart('getDate', (date) => date.getUTCDate()),
  utcPart('getDayOfMonth', (date) => date.getUTCDate() - 1),
  utcPart('getDayOfWeek', (date) => date.getUTCDay()),
  utcPart('getDayOfYear', dayOfYear),
  utcPart('getHours', (date) => date.getUTCHours()),
  utcPart('getMinutes', (date) => date.getUTCMinutes()),
  utcPart('getSeconds', (date) => date.getUTCSeconds()),
  utcPart('getMilliseconds', (date) => date.getUTCMilliseconds()),
];

function matching(form: RegExp, text: string): string {
  if (!form.test(text)) throw new Error('the text is not a number');
  return text;
}

function inRange({ min, max }: typeof INT_RANGE, value: bigint): bigint {
  if (value < min || value > max) throw new Error('out of range');
  return value;
}

function between(
  later: TimeMessage['message'],
  earlier: TimeMessage['message'],
): { $typeName: string; seconds: bigint; nanos: number } {
  const seconds = later.seconds - earlier.seconds;
  const nanos = inRange(
    INT_RANGE,
    seconds * NANOS_PER_SECOND + BigInt(later.nanos - earlier.nanos),
  );
  return {
    $typeName: DURATION.name,
    seconds: nanos / NANOS_PER_SECOND,
    nanos: Number(nanos % NANOS_PER_SECOND),
  };
}

function utcPart(name: string, read: (date: Date) => number): CelFunc {
  return celMethod(name, TIMESTAMP, [], INT, function () {
    const { seconds, nanos } = timeOf(this);
    return BigInt(read(new Date(Number(seconds) * 1000 + Math.floor(nanos / 1_000_000))));
  });
}

function dayOfYear(date: Date): number {
  const newYear = new Date(date);
  newYear.setUTCMonth(0, 1);
  newYear.setUTCHours(0, 0, 0, 0);
  return Math.floor((date.getTime() - newYear.getTime()) / DAY_MS);
}
