import { type InstanceUse } from './rotation-store.js';
import { mustRollBack, recentCalls } from './rollback-verdict.js';

describe('mustRollBack', () => {
  it.each([
    [0, 0, false],
    [0, 1_000, false],
    [1, 5, true],
    [1, 6, false],
    [2, 10, true],
    [2, 11, false],
    [3, 1_000_000, true],
    [1, 0, true],
  ])(
    'with %i calls that the old version got through, of %i: %s',
    (fallbackWorked, recent, rolls) => {
      expect(mustRollBack({ refused: fallbackWorked, fallbackWorked }, recent)).toBe(rolls);
    },
  );

  it('does not go back for refusals that the old version gets too', () => {
    expect(mustRollBack({ refused: 50, fallbackWorked: 0 }, 50)).toBe(false);
  });
});

describe('recentCalls', () => {
  it('counts those of one version over all instances', () => {
    const use = (version: number, recent: number): InstanceUse['uses'][number] => ({
      ...{ version, recent, open: 0, unanswered: 0 },
    });
    const instance = (uses: InstanceUse['uses']): InstanceUse => ({
      ...{ instanceId: 'one', serial: 1, holding: false, uses },
    });
    const uses = [instance([use(1, 5), use(2, 7)]), instance([use(2, 2)]), instance([])];
    expect([recentCalls(uses, 2), recentCalls(uses, 3)]).toEqual([9, 0]);
  });
});
