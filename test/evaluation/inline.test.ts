import { runInline } from './inline-run.js';
import { INLINE } from './measured-rules.js';

const VOLUME = { seed: 1_001, events: 8_000, workloads: 24, days: 10, episodes: 3 };

describe('inline rules over simulated traffic', () => {
  it.each(INLINE)('find every attack for %s', async (rule) => {
    const { findings, attacks } = await run;
    const own = attacks.filter((one) => one.rule === rule && one.variant === 'plain');
    expect(own).toHaveLength(VOLUME.episodes);
    expect(own.filter((attack) => !findings.isFound(attack, rule, 'alarm'))).toEqual([]);
  });

  it.each(INLINE)('raise no alarm on what is benign by %s', async (rule) => {
    const { findings, benign } = await run;
    expect(benign).toBeGreaterThan(VOLUME.events / 2);
    expect(findings.causes(rule, 'alarm')).toEqual([]);
  });

  it('tell of an attacker that copies the user agent, but not as an alarm', async () => {
    const { findings, attacks } = await run;
    const copied = attacks.filter(({ rule, variant }) => rule === 'D01' && variant === 'mimic');
    expect(copied.map((attack) => findings.isFound(attack, 'D01', 'told'))).toEqual([
      ...[true, true, true],
    ]);
    expect(copied.some((attack) => findings.isFound(attack, 'D01', 'alarm'))).toBe(false);
  });

  const run = runInline(VOLUME);
});
