import { type DetectionSettings, type RuleId, ruleIds } from '#detection';
import { aCandidate, DETECTION_AT, DetectionRig, detectionSettings } from '#testing';

/** Every rule may act, as often as it likes, and whatever needs a permission has it. */
function rampant(): DetectionSettings {
  const { rules, ...rest } = detectionSettings({ responseBudget: 1_000 });
  const enforced = ruleIds.map((id) => [id, { ...rules[id], mode: 'enforce' as const }]);
  return {
    ...rest,
    rules: Object.fromEntries(enforced) as DetectionSettings['rules'],
    permitted: ['suspend_subject', 'request_rotation', 'disable_grant'],
  };
}

/** Whatever a rule plans: what is ordered is of the entity that it found, and of no other workload, source or handle. */
describe('a restriction of a rule', () => {
  const victim = `sub_${'1'.repeat(32)}`;
  const own = {
    D08: 'source',
    D10: 'subject',
    D11: 'subject',
    D12: 'subject',
    D17: 'handle',
  } as const;
  const ids = { source: '203.0.113.0/24', subject: `sub_${'2'.repeat(32)}`, handle: 'hdl_his' };
  const others = [
    ...[`subject:${victim}`, 'source:198.51.100.0/24', 'handle:hdl_victim'],
    ...['grant:g', 'resource:ledger', 'issuer:https://idp.test', 'subject:sub_1', '*'],
  ];
  const acting = ['rate_limit', 'step_down', 'throttle', 'block_source'] as const;

  it.each(Object.entries(own))('%s is ordered of its own %s alone', async (rule, type) => {
    const rig = new DetectionRig(rampant());
    const by = { settings: rig.settings, events: rig.events, now: DETECTION_AT };
    const targets = [...others, `${type}:${ids[type]}`];
    const responses = acting.flatMap((action) =>
      targets.map((target) => ({ action, target, seconds: 600 })),
    );
    const entity = { type, id: ids[type] };
    await rig.store.raise([aCandidate({ rule: rule as RuleId, entity, responses })], by);
    const ordered = rig.orders.all.map(({ response }) => response.target);
    expect(ordered).toEqual([`${type}:${ids[type]}`]);
  });

  it.each(ruleIds.filter((id) => !Object.hasOwn(own, id) && id !== 'D09'))(
    'is ordered by %s of nobody',
    async (rule) => {
      const rig = new DetectionRig(rampant());
      const by = { settings: rig.settings, events: rig.events, now: DETECTION_AT };
      const responses = acting.flatMap((action) =>
        [...others, 'handle:hdl_his'].map((target) => ({ action, target, seconds: 600 })),
      );
      await rig.store.raise([aCandidate({ rule, responses })], by);
      expect(rig.orders.all).toEqual([]);
    },
  );
});
