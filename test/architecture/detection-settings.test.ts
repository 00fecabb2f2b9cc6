import { compileDetection, NetworkZones, RULES, ruleIds } from '#detection';
import { DETECTION_THRESHOLDS, detectionEntry, detectionSection } from '#platform';

/** What postern.yaml may say and what the rules know stand in two libs, of which neither may import the other. */
describe('detection in postern.yaml and in libs/detection', () => {
  const place = { environment: 'prod', deployment: 'postern' };
  const written = (section: unknown) => detectionEntry(detectionSection.parse(section));

  it('knows the same rules with the same figures', () => {
    const figures = ruleIds.map((id) => [id, Object.keys(RULES[id].thresholds)]);
    expect(Object.entries(DETECTION_THRESHOLDS)).toEqual(figures);
  });

  it('ships the rules as they are when nothing is said', () => {
    const { rules } = compileDetection(written({}), place);
    for (const id of ruleIds) {
      expect(rules[id]).toEqual({ mode: RULES[id].mode, resources: {}, thresholds: {} });
    }
  });

  it('sets what is said, and nothing else', () => {
    const section = { rules: { D12: { mode: 'enforce', thresholds: { distinctDenied: 9 } } } };
    const { rules, ...rest } = compileDetection(written(section), place);
    expect(rules.D12).toEqual({
      mode: 'enforce',
      resources: {},
      thresholds: { distinctDenied: 9 },
    });
    expect(rules.D07.mode).toBe('monitor');
    expect(rest).toMatchObject({ ...place, responseBudget: 20, watermarkSeconds: 30 });
  });

  it('has zones of every range that may be written', () => {
    const { zones } = written({
      zones: { office: ['10.1.0.0/16', '::ffff:192.0.2.0/120', 'fd00::/8'] },
    });
    const named = new NetworkZones(zones);
    expect(['10.1.2.3', '192.0.2.9', 'fd00::1', '192.0.3.1'].map((ip) => named.of(ip))).toEqual([
      ...['office', 'office', 'office', '192.0.3.0/24'],
    ]);
  });
});
