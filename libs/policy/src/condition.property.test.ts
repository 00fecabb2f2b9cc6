import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { codePoint } from '#testing';
import { type ClaimValue } from '#identity';
import { compileCondition, type ConditionInput, ConditionInvalid } from './condition.js';

const numRuns = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;

/** Far above what the limits permit, far below what a parser without them takes. */
const ELAPSED_MS_MAX = 2000;

const input = (claims: Iterable<readonly [string, ClaimValue]>): ConditionInput => ({
  request: {
    task: 'settlement-7',
    scopes: ['ledger.read', 'ledger.write'],
    resource: 'ledger',
    environment: 'prod',
    binding: 'none',
    ttlSeconds: 300,
    method: '',
    path: '',
  },
  subject: {
    issuer: 'https://issuer.example',
    id: 'pay',
    kind: 'workload',
    claims: new Map(claims),
  },
  actor: { present: true, issuer: 'https://issuer.example', id: 'bot', claims: new Map(claims) },
  now: new Date('2026-03-04T05:06:07Z'),
});

const CLAIMS = input([
  ['groups', ['a', 'b', 1, 2.5, null, true]],
  ['kubernetes.io', { namespace: 'pay', pod: { name: 'x' } }],
  ['long', 'ab'.repeat(1000)],
  ['iat', 1_772_600_767],
]);

const VALID = [
  'request.task.startsWith("settlement-") && request.scopes.all(s, s in ["ledger.read"])',
  'has(subject.claims.team) ? subject.claims.team == "pay" : subject.kind == "person"',
  'subject.claims["kubernetes.io"].namespace == "pay" || now.getHours() >= 9',
  'now - timestamp(subject.claims.iat) < duration("5m") && !actor.present',
  'subject.claims.groups.filter(g, type(g) == string).map(g, g + "x").size() > 1',
  'request.scopes.exists_one(s, s.endsWith("read")) && {"a": [1, 2u, 3.0, b"x", null]}.size() == 1',
];

const WORDS = [
  ...['request', 'subject', 'actor', 'now', 'claims', 'task', 'scopes', 'ttlSeconds', 'groups'],
  ...['__proto__', 'constructor', 'int', 'string', 'google', 'x', '@result', '@metered_range'],
  ...['has(', 'size(', '.size()', '.all(x,', '.exists(x,', '.map(x,', '.filter(x,', '.matches('],
  ...['(', ')', '[', ']', '{', '}', '.', ',', ':', '?', '!', '-', '+', '*', '/', '%', '&&', '||'],
  ...['==', '!=', '<', '>=', ' in ', '"a"', "'''b'''", 'r"\\"', '1', '2u', '0.5', 'true', 'null'],
];

const tokenSoup = fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }).map((all) => all.join(''));

/** A valid condition of which one piece is replaced, repeated or left out. */
const mutated = fc
  .record({
    source: fc.constantFrom(...VALID),
    at: fc.nat(120),
    length: fc.nat(12),
    instead: fc.oneof(fc.constantFrom('', ...WORDS), fc.constantFrom(...VALID), fc.string()),
    times: fc.integer({ min: 1, max: 9 }),
  })
  .map(
    ({ source, at, length, instead, times }) =>
      source.slice(0, at) + instead.repeat(times) + source.slice(at + length),
  );

/** Two valid conditions, put together to one. */
const combined = fc
  .tuple(
    fc.constantFrom(...VALID),
    fc.constantFrom(' && ', ' || ', ' == ', ' ? false : '),
    fc.constantFrom(...VALID),
  )
  .map(([one, operator, other]) => `!(${one})${operator}(${other})`);

const anyText = fc.oneof(
  fc.string({ unit: codePoint, maxLength: 1100 }),
  fc.string({
    unit: fc.constantFrom('(', '[', '{1:', '!(', '-', 'a.f(', 'a?', 'a'),
    maxLength: 1100,
  }),
  tokenSoup,
  mutated,
  combined,
);

/** The outcome, or what was thrown. */
const judged = (source: string): Promise<unknown> =>
  Promise.resolve(source)
    .then(compileCondition)
    .then(
      (condition) => condition.holds(CLAIMS),
      (error: unknown) => error,
    );

const isOutcome = (value: unknown): boolean =>
  value === 'true' || value === 'false' || typeof (value as { error: unknown }).error === 'string';

describe('any text', () => {
  it('is a condition that has an outcome, or is refused, and takes a bounded time', async () => {
    await fc.assert(
      fc.asyncProperty(anyText, async (source) => {
        const startedMs = performance.now();
        const result = await judged(source);
        expect(performance.now() - startedMs).toBeLessThan(ELAPSED_MS_MAX);
        expect(result instanceof ConditionInvalid || isOutcome(result)).toBe(true);
      }),
      { numRuns },
    );
  });

  it('is some of both when a valid condition is changed somewhere', async () => {
    const results = await Promise.all(fc.sample(mutated, { numRuns: 300, seed: 1 }).map(judged));
    expect(results.filter(isOutcome).length).toBeGreaterThan(5);
    expect(results.filter((one) => one instanceof ConditionInvalid).length).toBeGreaterThan(5);
  });

  it('is a condition when it is put together from two', () => {
    fc.assert(
      fc.property(combined, (source) => {
        expect(isOutcome(compileCondition(source).holds(CLAIMS))).toBe(true);
      }),
      { numRuns },
    );
  });

  it.each(VALID)('was mutated from what is valid: %s', (source) => {
    expect(isOutcome(compileCondition(source).holds(CLAIMS))).toBe(true);
  });
});

describe('any claims', () => {
  const NAMES = ['__proto__', 'constructor', 'prototype', 'valueOf', 'a', 'a.b', ''];
  const { claim } = fc.letrec<{ claim: ClaimValue }>((tie) => ({
    claim: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(fc.string(), fc.integer(), fc.double({ noNaN: true }), fc.boolean()),
      fc.constant(null),
      fc.array(tie('claim'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom(...NAMES), tie('claim')), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries)),
    ),
  }));
  const equal = compileCondition('subject.claims["x"] == actor.claims["x"]');
  const present = compileCondition('has(subject.claims.x)');

  it('are equal to themselves, and there unless null', () => {
    fc.assert(
      fc.property(claim, (value) => {
        const same = input([['x', value]]);
        expect(equal.holds(same)).toBe('true');
        expect(present.holds(same)).toBe(value === null ? 'false' : 'true');
      }),
      { numRuns },
    );
  });

  it('leave no trace in the prototypes that all objects share', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const object = JSON.parse('{"__proto__": {"polluted": true}}') as ClaimValue;
    const claims = input([['__proto__', object]]);
    const read = compileCondition('subject.claims.__proto__.__proto__.polluted');
    expect(read.holds(claims)).toBe('true');
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('docs/grants-conditions.md', () => {
  const page = readFileSync('docs/grants-conditions.md', 'utf8');
  const examples = [...page.matchAll(/^```cel\n(.*?)^```$/gms)].map(([, source = '']) => source);

  it('has five examples or more', () => {
    expect(examples.length).toBeGreaterThanOrEqual(5);
  });

  it.each(examples)('shows what compiles: %s', (source) => {
    expect(compileCondition(source).source).toBe(source);
  });
});
