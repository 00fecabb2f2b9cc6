import { type RuleId } from '#detection';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import {
  DETECTION_AT,
  InMemoryDryRun,
  InMemoryDryRunRequests,
  type InMemoryDuties,
  InMemoryRuleEvaluator,
  InMemorySoleDuty,
  settingsWith,
} from '#testing';
import { TriedSettings } from './tried-settings.js';

const NOW = DETECTION_AT;
const by = { operatorId: 'sub_operator', now: NOW };
const D07 = settingsWith('D07', { mode: 'enforce' });

describe('rules that have to be tried before they enforce', () => {
  let dryRun: InMemoryDryRun;
  let dryRunRequests: InMemoryDryRunRequests;
  let duties: InMemoryDuties;
  const tried = (declared = D07): TriedSettings => {
    const evaluator = new InMemoryRuleEvaluator(['D07', 'D12']);
    return new TriedSettings(declared, {
      dryRun,
      dryRunRequests,
      evaluator,
      duty: new InMemorySoleDuty(duties, 'rules'),
    });
  };
  const modeOf = ({ current }: TriedSettings, rule: RuleId = 'D07'): string =>
    current.rules[rule].mode;
  beforeEach(() => {
    dryRun = new InMemoryDryRun(['D07', 'D12']);
    dryRunRequests = new InMemoryDryRunRequests();
    duties = new Map();
  });

  it('only monitor until somebody has looked, also those that were tried', async () => {
    await dryRun.run('D07', D07, by);
    const settings = tried();
    expect([modeOf(settings), modeOf(settings, 'D06')]).toEqual(['monitor', 'enforce']);
    expect(settings.note).toMatch(/^D07 monitor and do not enforce/);
    await settings.look(NOW);
    expect(modeOf(settings)).toBe('enforce');
    expect(settings.note).toBeUndefined();
  });

  it('only monitor for the one resource that they are to enforce for', async () => {
    const set = { mode: 'off', resources: { ledger: 'enforce', payroll: 'off' } } as const;
    const { rules } = tried(settingsWith('D07', set)).current;
    expect(rules.D07).toMatchObject({
      mode: 'off',
      resources: { ledger: 'monitor', payroll: 'off' },
    });
  });

  it('go on monitoring after a look when they were not tried', async () => {
    const settings = tried();
    await settings.look(NOW);
    expect(modeOf(settings)).toBe('monitor');
  });

  it('have to be tried again with other thresholds', async () => {
    await dryRun.run('D07', D07, by);
    const other = tried(settingsWith('D07', { mode: 'enforce', thresholds: { zones: 3 } }));
    await other.look(NOW);
    expect(modeOf(other)).toBe('monitor');
    const same = tried(settingsWith('D07', { mode: 'enforce', thresholds: { zones: 2 } }));
    await same.look(NOW);
    expect(modeOf(same)).toBe('enforce');
  });

  it('are known by a look, made once, and not at all while the database is away', async () => {
    await dryRun.run('D07', D07, by);
    const settings = tried();
    dryRun.isAway = true;
    await expect(settings.known(NOW)).rejects.toThrow(DependencyUnavailable);
    expect(modeOf(settings)).toBe('monitor');
    dryRun.isAway = false;
    expect((await settings.known(NOW)).rules.D07.mode).toBe('enforce');
    dryRun.isAway = true;
    expect((await settings.known(NOW)).rules.D07.mode).toBe('enforce');
  });

  it('stay as they were found while a later look fails', async () => {
    await dryRun.run('D07', D07, by);
    const settings = tried();
    await settings.look(NOW);
    dryRun.isAway = true;
    await expect(settings.look(NOW)).rejects.toThrow(DependencyUnavailable);
    expect(modeOf(settings)).toBe('enforce');
  });

  it('monitor again when what was tried counts no more', async () => {
    await dryRun.run('D07', D07, by);
    const settings = tried();
    await settings.look(NOW);
    await settings.look(secondsAfter(NOW, 30 * 86_400));
    expect(modeOf(settings)).toBe('monitor');
  });

  it('enforce from when an operator asked for them to be tried', async () => {
    const settings = tried();
    await settings.look(NOW);
    expect(await settings.tryAsked(NOW)).toBe(0);
    await dryRunRequests.ask({ rule: 'D07', operatorId: 'sub_operator' });
    expect(await settings.tryAsked(NOW)).toBe(1);
    expect(modeOf(settings)).toBe('enforce');
  });

  /** While the database is away. */
  const askedInVain = async (settings: TriedSettings, rule: RuleId): Promise<void> => {
    await dryRunRequests.ask({ rule, operatorId: 'sub_operator' });
    dryRun.isAway = true;
    await expect(settings.tryAsked(NOW)).rejects.toThrow(DependencyUnavailable);
    dryRun.isAway = false;
  };

  it('are asked for until they were tried, also when that failed', async () => {
    const settings = tried();
    await askedInVain(settings, 'D07');
    expect(await settings.tryAsked(secondsAfter(NOW, 59))).toBe(0);
    expect(await settings.tryAsked(secondsAfter(NOW, 60))).toBe(1);
    expect(modeOf(settings)).toBe('enforce');
    expect(await dryRunRequests.waiting()).toEqual([]);
  });

  it('are tried beside one that cannot be', async () => {
    const settings = tried();
    await askedInVain(settings, 'D12');
    await dryRunRequests.ask({ rule: 'D07', operatorId: 'sub_operator' });
    expect(await settings.tryAsked(secondsAfter(NOW, 1))).toBe(1);
    expect((await dryRunRequests.waiting()).map(({ rule }) => rule)).toEqual(['D12']);
  });

  it('are left to the sentinel whose duty it is', async () => {
    const settings = tried();
    await dryRunRequests.ask({ rule: 'D07', operatorId: 'sub_operator' });
    await new InMemorySoleDuty(duties, 'rules').isOurs();
    expect(await settings.tryAsked(NOW)).toBe(0);
    expect(await dryRunRequests.waiting()).toHaveLength(1);
  });
});
