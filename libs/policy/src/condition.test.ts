import { type ClaimValue } from '#identity';
import {
  compileCondition,
  type ConditionInput,
  ConditionInvalid,
  type ConditionOutcome,
} from './condition.js';
import { CLAIM_DEPTH_MAX } from './condition-limits.js';

type Claims = Readonly<Record<string, ClaimValue>>;

const input = (claims: Claims = {}): ConditionInput => ({
  request: {
    task: 'settlement-7',
    scopes: ['ledger.read', 'ledger.write'],
    resource: 'ledger',
    environment: 'prod',
    binding: 'dpop',
    ttlSeconds: 300,
    method: 'GET',
    path: '/accounts/1',
  },
  subject: {
    issuer: 'https://issuer.example',
    id: 'spiffe://prod.example/pay',
    kind: 'workload',
    claims: new Map(Object.entries(claims)),
  },
  actor: { present: false, issuer: '', id: '', claims: new Map() },
  now: new Date('2026-03-04T05:06:07.008Z'),
});

const outcome = (source: string, claims: Claims = {}): ConditionOutcome =>
  compileCondition(source).holds(input(claims));

const error = (what: string): unknown => ({ error: expect.stringContaining(what) as string });

describe('a condition of a grant', () => {
  it.each([
    ['request.task.startsWith("settlement-")', 'true'],
    ['request.task == "other"', 'false'],
    ['request.scopes.all(s, s.startsWith("ledger."))', 'true'],
    ['request.scopes.exists_one(s, s == "ledger.read")', 'true'],
    ['request.scopes.filter(s, s.endsWith("read")).size() == 2', 'false'],
    ['request.scopes.map(s, s + "!")[1] == "ledger.write!"', 'true'],
    ['request.ttlSeconds <= 300 && request.binding in ["dpop", "mtls"]', 'true'],
    ['request.method == "GET" && request.path.contains("/accounts/")', 'true'],
    ['request.resource == "ledger" && request.environment == "prod"', 'true'],
    ['subject.kind == "person" || subject.id.startsWith("spiffe://prod.example/")', 'true'],
    ['subject.issuer == "https://issuer.example"', 'true'],
    ['actor.present ? actor.id == "broker" : actor.id == "" && actor.issuer == ""', 'true'],
    ['actor.claims.size() == 0', 'true'],
    ['now < timestamp("2026-07-01T00:00:00Z") + duration("24h")', 'true'],
  ])('sees the request, the subject, the actor and the time: %s is %s', (source, expected) => {
    expect(outcome(source)).toBe(expected);
  });

  it('keeps its source and judges each input by itself', () => {
    const condition = compileCondition('subject.claims.team == "pay"');
    expect(condition.source).toBe('subject.claims.team == "pay"');
    expect(condition.holds(input({ team: 'pay' }))).toBe('true');
    expect(condition.holds(input())).toEqual(error('team'));
    expect(condition.holds(input({ team: 'fees' }))).toBe('false');
    expect(condition.holds(input({ team: 'pay' }))).toBe('true');
  });
});

describe('claims in a condition', () => {
  it.each<[string, Claims, ConditionOutcome]>([
    ['has(subject.claims.team)', { team: 'pay' }, 'true'],
    ['has(subject.claims.team)', {}, 'false'],
    [
      'subject.claims["kubernetes.io"].namespace == "pay"',
      { 'kubernetes.io': { namespace: 'pay' } },
      'true',
    ],
    ['"ops" in subject.claims.groups', { groups: ['dev', 'ops'] }, 'true'],
    ['subject.claims.level == 3', { level: 3 }, 'true'],
    ['subject.claims.level == 3.0', { level: 3 }, 'true'],
    ['subject.claims.level == "3"', { level: 3 }, 'false'],
    ['type(subject.claims.level) == int', { level: 3 }, 'true'],
    ['type(subject.claims.level) == double', { level: 3.5 }, 'true'],
    ['type(subject.claims.level) == double', { level: 2 ** 60 }, 'true'],
    ['subject.claims.mfa', { mfa: true }, 'true'],
    ['subject.claims.level < 3.5', { level: 3 }, 'true'],
  ])('%s of %j is %s', (source, claims, expected) => {
    expect(outcome(source, claims)).toBe(expected);
  });

  it('makes a missing claim an error', () => {
    expect(outcome('subject.claims.team == "pay"')).toEqual(error('field not found: team'));
    expect(outcome('!(subject.claims.team == "pay")')).toEqual(error('field not found: team'));
    expect(outcome('subject.claims.k.namespace == "pay"', { k: 'text' })).toEqual(error('field'));
  });

  it('takes a claim that is null for one that is not there, though it can be read', () => {
    expect(outcome('has(subject.claims.team)', { team: null })).toBe('false');
    expect(outcome('"team" in subject.claims', { team: null })).toBe('false');
    expect(outcome('subject.claims.team == null', { team: null })).toBe('true');
  });

  it('judges a result that is not a boolean as an error', () => {
    expect(outcome('subject.claims.mfa', { mfa: 'true' })).toEqual(error('not a bool'));
    expect(outcome('subject.claims.mfa', { mfa: 1 })).toEqual(error('not a bool'));
    expect(outcome('subject.claims.mfa', { mfa: null })).toEqual(error('not a bool'));
  });

  it.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'gives the claim name %s no meaning of its own',
    (name) => {
      const claims = JSON.parse(`{"${name}": {"${name}": "plain"}}`) as Claims;
      expect(outcome(`subject.claims.${name}.${name} == "plain"`, claims)).toBe('true');
      expect(outcome(`has(subject.claims.${name})`)).toBe('false');
      expect(outcome(`subject.claims.${name} == 1`)).toEqual(error(name));
      expect(outcome(`has(subject.claims.x.${name})`, { x: {} })).toBe('false');
    },
  );

  it('takes objects without a prototype', () => {
    const nested = Object.assign(Object.create(null) as Record<string, ClaimValue>, { a: [1] });
    expect(outcome('subject.claims.x.a == [1]', { x: nested })).toBe('true');
  });

  it('refuses to judge claims that are nested too deep', () => {
    const nested = (depth: number): ClaimValue => (depth === 1 ? 1 : [nested(depth - 1)]);
    expect(outcome('true', { x: nested(CLAIM_DEPTH_MAX) })).toBe('true');
    expect(outcome('true', { x: nested(CLAIM_DEPTH_MAX + 1) })).toEqual(error('nested too deep'));
  });
});

describe('what CEL does that may surprise', () => {
  it('lets the other side of || and && decide when one side is an error', () => {
    expect(outcome('subject.claims.none == 1 || true')).toBe('true');
    expect(outcome('true || subject.claims.none == 1')).toBe('true');
    expect(outcome('subject.claims.none == 1 || false')).toEqual(error('none'));
    expect(outcome('subject.claims.none == 1 && false')).toBe('false');
    expect(outcome('subject.claims.none == 1 && true')).toEqual(error('none'));
  });

  it('refuses to compare what is known to be of different types', () => {
    expect(() => compileCondition('request.ttlSeconds == 300.0')).toThrow('(int, double)');
    expect(outcome('dyn(request.ttlSeconds) == 300.0')).toBe('true');
    expect(outcome('request.ttlSeconds < 300.5')).toBe('true');
  });
});

describe('standard functions in which the library departs from CEL', () => {
  it.each([
    'timestamp(1772600767) + duration("8ms") == now',
    'now - timestamp(1772600767) == duration("0.008s")',
    'timestamp(1) - timestamp(2) == duration("-1s")',
    'now - timestamp(subject.claims.auth_time) < duration("5m")',
    'now.getFullYear() == 2026 && now.getMonth() == 2 && now.getDate() == 4',
    'now.getDayOfMonth() == 3 && now.getDayOfWeek() == 3 && now.getDayOfYear() == 62',
    'now.getHours() == 5 && now.getMinutes() == 6 && now.getSeconds() == 7',
    'now.getMilliseconds() == 8',
    'int("-12") == -12 && uint("12") == 12u && double("1.5e1") == 15.0',
    '[1] + [2, 3] == [1, 2, 3]',
  ])('%s is true', (source) => {
    expect(outcome(source, { auth_time: 1_772_600_700 })).toBe('true');
  });

  it.each(['int("")', 'int("0x10")', 'int(" 1")', 'int("9223372036854775808")'])(
    '%s is an error',
    (source) => {
      expect(outcome(`${source} != 77`)).toEqual(error('int() cannot convert it'));
    },
  );

  it.each(['double("")', 'double("abc")', 'uint("")', 'uint("-1")', 'timestamp(-62135596801)'])(
    'neither has %s a value',
    (source) => {
      expect(outcome(`dyn(${source}) != 77`)).toEqual(error('cannot convert it'));
    },
  );

  it('does not quote a claim that it cannot convert', () => {
    expect(outcome('bool(subject.claims.x)', { x: 'private' })).toEqual({
      error: 'line 1, column 1: bool() cannot convert it',
    });
  });
});

describe('compileCondition', () => {
  it.each([
    ['request.tsak == "x"', 'line 1, column 8: request has no field tsak, it has task, scopes'],
    ['has(request.tsak)', 'request has no field tsak'],
    ['reqest.task == "x"', 'line 1, column 1: there is no variable reqest, there are request'],
    ['true &&\n  request.tsak', 'line 2, column 10: request has no field tsak'],
    ['request.task', 'the result is string, expected bool'],
    ['request.ttlSeconds ? true : false', 'must be bool, not int'],
    ['request.task ? 1 : 2', 'must be bool, not string'],
    ['true ? 1 : 2', 'the result is int, expected bool'],
    ['true ? true : "no"', 'must have one type, not bool and string'],
    ['request.task == 1', 'line 1, column 14: == does not take (string, int)'],
    ['request.task + 1 == "x"', '+ does not take (string, int)'],
    ['request.task.startsWith(1)', 'startsWith does not take string.(int)'],
    ['request.task && true', 'each side of &&, and the test of all, must be bool, not string'],
    ['request.scopes.exists(s, s)', 'the test of exists, must be bool, not string'],
    ['request.scopes.filter(s, s) == []', 'the test of filter, must be bool, not string'],
    ['request.ttlSeconds.exists(s, true)', 'int has no elements'],
    ['1 in request.scopes', 'in does not take (int, list(string))'],
    ['request["task"] == "x"', 'request cannot be indexed by string'],
    ['request.scopes["a"] == "x"', 'list(string) cannot be indexed by string'],
    ['request.task.length == 1', 'string has no fields, so no length'],
    ['{now: 1}.size() == 1', 'timestamp cannot be a key of a map'],
    ['lower(request.task) == "x"', 'there is no function lower'],
    ['has(request)', 'has() takes a field'],
    ['request.scopes.exists("s")', 'exists takes a name and what to do with it'],
    ['request.scopes.exists(now, true)', 'now has a meaning already'],
    ['request.scopes.exists(int, true)', 'int has a meaning already'],
    ['google.protobuf.Timestamp{seconds: 1} == now', 'no message type google.protobuf.Timestamp'],
    ['9223372036854775808 > 1', 'is not within'],
    ['18446744073709551616u > 1u', 'is not within'],
    ['request.task.matches("^a")', 'matches is not offered'],
    ['now.getHours("Europe/Berlin") == 5', 'getHours does not take timestamp.(string)'],
    ['request.task ==', 'line 1, column 14: is not CEL: unexpected "="'],
    ['', 'line 1, column 1: is not CEL: it ends too early'],
    ['"\\ud800" == "x"', 'is not CEL: surrogate code points are not allowed'],
  ])('refuses %j: %s', (source, what) => {
    expect(() => compileCondition(source)).toThrow(ConditionInvalid);
    expect(() => compileCondition(source)).toThrow(what);
  });

  it('has a stable code', () => {
    expect(new ConditionInvalid('wrong').code).toBe('condition-invalid');
  });
});
