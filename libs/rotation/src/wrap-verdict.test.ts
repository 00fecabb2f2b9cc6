import { secondsAfter } from '#kernel';
import { wrapVerdicts } from '#events';
import { type WrapFacts, wrapVerdict } from './wrap-verdict.js';

const NOW = new Date('2026-11-20T12:00:00Z');
const ago = (seconds: number): Date => secondsAfter(NOW, -seconds);
const CREATION_PATH = 'secret/data/intake/ledger';

const facts = (changes: Partial<WrapFacts> = {}): WrapFacts => ({
  lookup: { creationPath: CREATION_PATH, createdAt: ago(60), ttlSeconds: 300 },
  told: undefined,
  expected: { creationPath: CREATION_PATH, ttlSecondsMax: 900, ageSecondsMax: 600 },
  isFirst: true,
  requestedAt: ago(10),
  now: NOW,
  ...changes,
});
const lookup = (changes: Partial<NonNullable<WrapFacts['lookup']>>): Partial<WrapFacts> => ({
  lookup: { ...facts().lookup!, ...changes },
});
const verdictOf = (changes: Partial<WrapFacts> = {}): string => wrapVerdict(facts(changes)).verdict;

describe('wrapVerdict', () => {
  it('takes a token of exactly the expected path, young and short-lived, for the first time', () => {
    expect(wrapVerdict(facts())).toEqual({ event: 'verified', verdict: 'genuine' });
  });

  it.each([['cubbyhole/response'], ['sys/wrapping/wrap'], ['sys/wrapping/rewrap']])(
    'suspects %s: it was opened and wrapped again',
    (creationPath) => {
      expect(verdictOf(lookup({ creationPath }))).toBe('rewrapped');
    },
  );

  it.each([
    ['secret/data/intake/ledger2'],
    ['secret/data/intake'],
    ['secret/data/intake/ledger/'],
    ['Secret/data/intake/ledger'],
    ['/secret/data/intake/ledger'],
    [''],
  ])('suspects the path %j: another value', (creationPath) => {
    expect(verdictOf(lookup({ creationPath }))).toBe('wrong_path');
  });

  it('suspects the expected path in another namespace, since anybody may have mounts of any name in his', () => {
    const told = { createdAt: ago(60), ttlSeconds: 300 };
    const inNamespace = { creationPath: CREATION_PATH, ...told, namespace: 'XgtkxK' };
    const expected = { ...facts().expected, namespace: 'XgtkxK' };
    expect(verdictOf({ lookup: inNamespace })).toBe('wrong_path');
    expect(verdictOf({ lookup: inNamespace, expected })).toBe('genuine');
    expect(verdictOf({ lookup: { ...inNamespace, namespace: 'XgtkxL' }, expected })).toBe(
      'wrong_path',
    );
    expect(verdictOf({ expected })).toBe('wrong_path');
  });

  it('suspects a token that is younger than was told, by more than the seconds that are cut off', () => {
    const told = { createdAt: ago(120), ttlSeconds: 300 };
    expect(verdictOf({ told })).toBe('rewrapped');
    expect(verdictOf({ told, ...lookup({ createdAt: ago(118) }) })).toBe('genuine');
    expect(verdictOf({ told, ...lookup({ createdAt: ago(117.999) }) })).toBe('rewrapped');
  });

  it('takes one at its greatest age, and none a moment older', () => {
    expect(verdictOf(lookup({ createdAt: ago(600) }))).toBe('genuine');
    expect(verdictOf(lookup({ createdAt: ago(600.001) }))).toBe('too_old');
  });

  it('takes one with the longest time of life, and none that lives a second longer', () => {
    expect(verdictOf(lookup({ ttlSeconds: 900 }))).toBe('genuine');
    expect(verdictOf(lookup({ ttlSeconds: 901 }))).toBe('ttl_too_long');
  });

  it('suspects one that another rotation was given, whatever else is right', () => {
    expect(wrapVerdict(facts({ isFirst: false }))).toEqual({
      event: 'suspect',
      verdict: 'seen_before',
    });
  });

  it('calls one expired that Vault does not know when its time is over by what was told', () => {
    const unknown = { lookup: undefined };
    const over = { createdAt: ago(300), ttlSeconds: 300 };
    const notOver = { createdAt: ago(299), ttlSeconds: 300 };
    expect(wrapVerdict(facts({ ...unknown, told: over }))).toEqual({
      event: 'lost',
      verdict: 'expired',
    });
    expect(verdictOf({ ...unknown, told: notOver })).toBe('already_unwrapped');
  });

  it('suspects one that Vault does not know when nothing was told, until no genuine one could live', () => {
    expect(verdictOf({ lookup: undefined, requestedAt: ago(899) })).toBe('already_unwrapped');
    expect(verdictOf({ lookup: undefined, requestedAt: ago(900) })).toBe('expired');
  });

  it('knows no verdict that the events do not', () => {
    const { verified, suspect, lost } = wrapVerdicts;
    const known: readonly string[] = [...verified, ...suspect, ...lost];
    expect(known).toEqual(
      expect.arrayContaining(['rewrapped', 'too_old', verdictOf(), verdictOf({ isFirst: false })]),
    );
  });
});
