import { runInline } from './inline-run.js';
import { INLINE } from './measured-rules.js';

const BENIGN = 1_000_000;
const HOURS_MS = 3 * 3_600_000;

/** What the design promises of rules that decide on one event, at the volume that it names. */
describe('inline rules over a million benign events', () => {
  it(
    'find every attack and raise no alarm on anything else',
    async () => {
      const volume = { seed: 1_002, events: 1_100_000, workloads: 200, days: 14, episodes: 20 };
      const { findings, attacks, benign } = await runInline(volume, (day, events) =>
        process.stderr.write(`day ${day} of ${volume.days}: ${events} events\n`),
      );
      // About a twentieth fewer are drawn than are asked for.
      expect(benign).toBeGreaterThanOrEqual(BENIGN);
      for (const rule of INLINE) {
        const own = attacks.filter((one) => one.rule === rule && one.variant === 'plain');
        expect(own).toHaveLength(volume.episodes);
        expect(own.filter((attack) => !findings.isFound(attack, rule, 'alarm'))).toEqual([]);
        expect(findings.causes(rule, 'alarm')).toEqual([]);
      }
    },
    HOURS_MS,
  );
});
