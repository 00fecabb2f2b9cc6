import { type ClaimValue } from '#identity';
import { compileCondition, type ConditionInput, type ConditionOutcome } from './condition.js';
import {
  BRACKETS_MAX,
  DEPTH_MAX,
  ERROR_CHARACTERS_MAX,
  NODES_MAX,
  SOURCE_CHARACTERS_MAX,
} from './condition-limits.js';

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

describe('the limits of a condition', () => {
  const TOO_DEEP = 'cannot stand inside one another';

  it('limits the length of the text', () => {
    const padded = (length: number): string => 'true'.padEnd(length, ' ');
    expect(outcome(padded(SOURCE_CHARACTERS_MAX))).toBe('true');
    expect(() => compileCondition(padded(SOURCE_CHARACTERS_MAX + 1))).toThrow('1025 characters');
  });

  it('limits the brackets, before the parser sees them', () => {
    const list = (count: number): string => `[${'[],'.repeat(count - 1)}].size() >= 0`;
    // The call of size() opens one more.
    expect(outcome(list(BRACKETS_MAX - 1))).toBe('true');
    expect(() => compileCondition(list(BRACKETS_MAX))).toThrow('opens 65 brackets');
    expect(() => compileCondition('!('.repeat(500))).toThrow('opens 500 brackets');
  });

  it('limits the parts', () => {
    const listOf = (parts: number): string => `1 in [${'1,'.repeat(parts - 3)}]`;
    expect(outcome(listOf(NODES_MAX))).toBe('true');
    expect(() => compileCondition(listOf(NODES_MAX + 1))).toThrow('more than 256 parts');
  });

  it('limits the depth', () => {
    const sum = (depth: number): string => `${'1 + '.repeat(depth - 2)}1 > 0`;
    expect(outcome(sum(DEPTH_MAX))).toBe('true');
    expect(() => compileCondition(sum(DEPTH_MAX + 1))).toThrow('more than 32 deep');
  });

  it('lets no comprehension stand inside another, but one after another', () => {
    const nested = 'request.scopes.all(s, request.scopes.exists(t, t == s))';
    expect(() => compileCondition(nested)).toThrow(TOO_DEEP);
    expect(outcome('request.scopes.map(s, s + "x").all(s, s.endsWith("x"))')).toBe('true');
  });
});

describe('the cost of a condition', () => {
  const groups = Array.from({ length: 1600 }, (_, index) => String(index));
  const TOO_MUCH = error('costs more than 100000 units');

  it('is low enough to look through a list that fills a token', () => {
    expect(outcome('subject.claims.groups.exists(g, g == "1599")', { groups })).toBe('true');
    expect(outcome('subject.claims.groups.all(g, g.size() < 5)', { groups })).toBe('true');
    expect(outcome('"1599" in subject.claims.groups', { groups })).toBe('true');
    const many = Array.from({ length: 3000 }, (_, index) => String(index));
    expect(outcome('subject.claims.many.exists(g, g == "2999")', { many })).toBe('true');
    const some = many.slice(0, 300);
    expect(outcome('subject.claims.some.map(g, g + "x").size() == 300', { some })).toBe('true');
  });

  it.each([
    'subject.claims.groups.all(g, g in subject.claims.groups)',
    'subject.claims.groups.all(g, subject.claims == actor.claims || true)',
    'subject.claims.groups.map(g, g).size() == 1600',
    'subject.claims.groups.exists(g, subject.claims.long.contains(subject.claims.pattern))',
    `["12345678"]${'.map(s, s + s + s + s)'.repeat(8)}[0].size() > 1`,
    `[1]${'.map(s, [s, s, s, s, s])'.repeat(8)} == [1]`,
  ])('makes %s an error', (source) => {
    const claims = { groups, long: 'ab'.repeat(1000), pattern: `${'ab'.repeat(400)}c` };
    expect(outcome(source, claims)).toEqual(TOO_MUCH);
  });

  it('counts the input, and so has a limit for claims that no token could carry', () => {
    expect(outcome('true', { x: 'x'.repeat(10_000) })).toBe('true');
    expect(outcome('true', { x: 'x'.repeat(1_000_000) })).toEqual(TOO_MUCH);
  });

  it('is an error even where the other side of || is true', () => {
    const expensive = 'subject.claims.groups.map(g, g).size() == 1';
    expect(outcome(`${expensive} || true`, { groups })).toEqual(TOO_MUCH);
    expect(outcome(`!(${expensive} && false)`, { groups })).toEqual(TOO_MUCH);
  });

  it('does not carry over to the next judgement', () => {
    const condition = compileCondition('subject.claims.groups.map(g, g).size() > 0');
    expect(condition.holds(input({ groups }))).toEqual(TOO_MUCH);
    expect(condition.holds(input({ groups: ['a'] }))).toBe('true');
  });
});

describe('the error of an outcome', () => {
  it('is short and cannot break a line', () => {
    const name = `a\n\u001b[31m${'b'.repeat(500)}`;
    const judged = outcome('subject.claims.map[subject.claims.name] == 1', { map: {}, name });
    expect(judged).toEqual(error('field not found: a??[31mbbb'));
    expect((judged as { error: string }).error).toHaveLength(ERROR_CHARACTERS_MAX);
  });

  it.each([{ ttlSeconds: 1.5 }, { scopes: [undefined as unknown as string] }])(
    'is what comes of an input that has not the types it says: %j',
    (wrong) => {
      const typed = input();
      const condition = compileCondition(
        'request.ttlSeconds > 0 && request.scopes.all(s, s != "")',
      );
      expect(condition.holds(typed)).toBe('true');
      expect(condition.holds({ ...typed, request: { ...typed.request, ...wrong } })).toEqual(
        error(''),
      );
    },
  );
});
