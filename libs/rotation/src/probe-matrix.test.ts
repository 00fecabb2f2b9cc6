import { type RecoveryFacts, type RecoveryVerdict, recoveryVerdict } from './probe-matrix.js';
import { type ProbeResult } from './rotation.js';

const facts = (changes: Partial<RecoveryFacts> = {}): RecoveryFacts => ({
  kind: 'single_slot',
  probe: { current: 'ok', pending: 'ok' },
  attempt: 1,
  values: 1,
  verifyFailed: false,
  isGenerated: true,
  ...changes,
});
const results: readonly ProbeResult[] = ['ok', 'fail', 'unreachable'];
const kinds = ['single_slot', 'dual_slot'] as const;

/** Every combination there is. */
const all: readonly RecoveryFacts[] = kinds.flatMap((kind) =>
  results.flatMap((current) =>
    results.flatMap((pending) =>
      [1, 2, 3, 4].flatMap((attempt) =>
        [1, 2, 3].flatMap((values) =>
          [true, false].flatMap((verifyFailed) =>
            [true, false].map((isGenerated) => ({
              ...{ kind, probe: { current, pending } },
              ...{ attempt, values, verifyFailed, isGenerated },
            })),
          ),
        ),
      ),
    ),
  ),
);

/** The verdicts of all combinations that fulfil the condition. */
const kindsWhere = (condition: (one: RecoveryFacts) => boolean): RecoveryVerdict['kind'][] => [
  ...new Set(all.filter(condition).map((one) => recoveryVerdict(one).kind)),
];

describe('recoveryVerdict', () => {
  it('waits, and does nothing else, as long as one of the answers is missing', () => {
    expect(
      kindsWhere(({ probe }) => probe.current === 'unreachable' || probe.pending === 'unreachable'),
    ).toEqual(['wait']);
  });

  it('tries no more logins when neither value works, whatever else is known', () => {
    expect(kindsWhere(({ probe }) => probe.current === 'fail' && probe.pending === 'fail')).toEqual(
      ['out_of_sync'],
    );
  });

  it('never throws a value away that is the only one that works', () => {
    const verdicts = kindsWhere(({ probe }) => probe.current === 'fail' && probe.pending === 'ok');
    expect(verdicts.sort()).toEqual(['promote', 'verify']);
  });

  it('never promotes or verifies a value that does not work', () => {
    const verdicts = kindsWhere(({ probe }) => probe.current === 'ok' && probe.pending === 'fail');
    expect(verdicts.sort()).toEqual(['abandon', 'apply_again', 'new_value']);
  });

  it.each([
    [1, 1, true, 'apply_again'],
    [2, 1, true, 'apply_again'],
    [3, 1, true, 'new_value'],
    [3, 2, true, 'abandon'],
    [3, 1, false, 'abandon'],
  ] as const)(
    'with attempt %i of value %i (generated: %s) that did not happen says %s',
    (attempt, values, isGenerated, kind) => {
      const probe = { current: 'ok', pending: 'fail' } as const;
      expect(recoveryVerdict(facts({ probe, attempt, values, isGenerated })).kind).toBe(kind);
    },
  );

  it('verifies what happened with one value, and promotes it when a check failed before: calls fail anyway', () => {
    const probe = { current: 'fail', pending: 'ok' } as const;
    expect(recoveryVerdict(facts({ probe }))).toEqual({ kind: 'verify', afterMs: 0 });
    expect(recoveryVerdict(facts({ probe, verifyFailed: true }))).toEqual({
      kind: 'promote',
      drainViolated: false,
    });
  });

  it('promotes at once when the old one of two values ended early', () => {
    const probe = { current: 'fail', pending: 'ok' } as const;
    expect(recoveryVerdict(facts({ kind: 'dual_slot', probe }))).toEqual({
      kind: 'promote',
      drainViolated: true,
    });
  });

  it('gives a system with one value that takes both a moment', () => {
    expect(recoveryVerdict(facts())).toEqual({ kind: 'verify', afterMs: 1_000 });
    expect(recoveryVerdict(facts({ kind: 'dual_slot' }))).toEqual({ kind: 'verify', afterMs: 0 });
  });

  it('does not verify for ever what authenticates and fails a check', () => {
    const failed = { verifyFailed: true, attempt: 3 };
    expect(recoveryVerdict(facts({ ...failed, kind: 'dual_slot' }))).toEqual({
      kind: 'abandon',
      pendingIsValid: true,
    });
    expect(recoveryVerdict(facts(failed))).toEqual({ kind: 'ask_somebody' });
    expect(recoveryVerdict(facts({ ...failed, attempt: 2 })).kind).toBe('verify');
  });
});
