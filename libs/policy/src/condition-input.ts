import {
  type CelInput,
  CelScalar,
  type CelType,
  listType,
  mapType,
  objectType,
} from '@bufbuild/cel';
import { type ClaimValue } from '#identity';
import { CLAIM_DEPTH_MAX } from './condition-limits.js';
import { type ConditionMeter, stringUnits } from './condition-meter.js';

/** What a condition may look at. Fixed and typed: there is nothing else in its world. */
export interface ConditionInput {
  readonly request: {
    /** Empty when the request names none. */
    readonly task: string;
    /** Those that the handle would get. */
    readonly scopes: readonly string[];
    /** Id of the resource. */
    readonly resource: string;
    readonly environment: string;
    /** That of the handle. */
    readonly binding: 'none' | 'dpop' | 'mtls';
    /** Life of the handle, a whole number. */
    readonly ttlSeconds: number;
    /** Of the one call that is asked for; empty when there is none. */
    readonly method: string;
    readonly path: string;
  };
  readonly subject: {
    readonly issuer: string;
    readonly id: string;
    readonly kind: 'workload' | 'person';
    readonly claims: ReadonlyMap<string, ClaimValue>;
  };
  /** Who acts for the subject. Empty strings and no claims when nobody does. */
  readonly actor: {
    readonly present: boolean;
    readonly issuer: string;
    readonly id: string;
    readonly claims: ReadonlyMap<string, ClaimValue>;
  };
  readonly now: Date;
}

const { BOOL, DYN, INT, STRING } = CelScalar;
const CLAIMS = mapType(STRING, DYN);

/** The CEL type of each variable. An object type has the fields of CONDITION_FIELDS and no others. */
export const CONDITION_VARIABLES: ReadonlyMap<string, CelType> = new Map<string, CelType>([
  ['request', objectType('request')],
  ['subject', objectType('subject')],
  ['actor', objectType('actor')],
  ['now', objectType('google.protobuf.Timestamp')],
]);

type FieldTypes<Name extends 'request' | 'subject' | 'actor'> = Record<
  keyof ConditionInput[Name],
  CelType
>;

const REQUEST: FieldTypes<'request'> = {
  task: STRING,
  scopes: listType(STRING),
  resource: STRING,
  environment: STRING,
  binding: STRING,
  ttlSeconds: INT,
  method: STRING,
  path: STRING,
};
const SUBJECT: FieldTypes<'subject'> = { issuer: STRING, id: STRING, kind: STRING, claims: CLAIMS };
const ACTOR: FieldTypes<'actor'> = { present: BOOL, issuer: STRING, id: STRING, claims: CLAIMS };

const fields = (types: Readonly<Record<string, CelType>>): ReadonlyMap<string, CelType> =>
  new Map(Object.entries(types));

/** The fields of each object type, by its name. */
export const CONDITION_FIELDS: ReadonlyMap<string, ReadonlyMap<string, CelType>> = new Map([
  ['request', fields(REQUEST)],
  ['subject', fields(SUBJECT)],
  ['actor', fields(ACTOR)],
]);

type Bindings = Record<string, CelInput>;

/**
 * The input as CEL values. Objects become maps, so that no name reaches a JavaScript prototype; whole numbers become
 * int (JSON knows no difference between `1` and `1.0`), all others double.
 * @throws Error when a claim is nested too deep, or all of them together cost too much
 */
export function bindInput(input: ConditionInput, meter: ConditionMeter): Bindings {
  const { request, subject, actor, now } = input;
  return Object.assign(Object.create(null) as Bindings, {
    request: new Map<string, CelInput>(
      Object.entries({ ...request, ttlSeconds: BigInt(request.ttlSeconds) }),
    ),
    subject: new Map<string, CelInput>(
      Object.entries({ ...subject, claims: claimsToCel(subject.claims, meter) }),
    ),
    actor: new Map<string, CelInput>(
      Object.entries({ ...actor, claims: claimsToCel(actor.claims, meter) }),
    ),
    now: timestampOf(now),
  });
}

const claimsToCel = (
  claims: Iterable<readonly [string, ClaimValue]>,
  meter: ConditionMeter,
  depth = 1,
): Map<string, CelInput> => {
  const converted = new Map<string, CelInput>();
  for (const [name, value] of claims) {
    meter.charge(stringUnits(name));
    converted.set(name, claimToCel(value, meter, depth));
  }
  return converted;
};

function claimToCel(value: ClaimValue, meter: ConditionMeter, depth: number): CelInput {
  if (depth > CLAIM_DEPTH_MAX) throw new Error('a claim is nested too deep');
  meter.charge(typeof value === 'string' ? stringUnits(value) : 1);
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map((element) => claimToCel(element, meter, depth + 1));
  return claimsToCel(Object.entries(value), meter, depth + 1);
}

const isList = (value: object): value is readonly ClaimValue[] => Array.isArray(value);

/** The message google.protobuf.Timestamp, as CEL has it. */
function timestampOf(instant: Date): { $typeName: string; seconds: bigint; nanos: number } {
  const ms = instant.getTime();
  const seconds = Math.floor(ms / 1000);
  return {
    $typeName: 'google.protobuf.Timestamp',
    seconds: BigInt(seconds),
    nanos: (ms - seconds * 1000) * 1_000_000,
  };
}
