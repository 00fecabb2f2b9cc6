import { detection, detectionEntry } from './config-detection.js';

describe('detection of postern.yaml', () => {
  const read = (written: unknown): unknown => detectionEntry(detection.parse(written));

  it('leaves the rules as they ship when nothing is said', () => {
    expect(read({})).toEqual({
      rules: {},
      zones: {},
      environmentGroups: [],
      environmentOrder: ['dev', 'test', 'staging', 'prod'],
      responseBudget: 20,
      permitted: [],
      keepSeconds: 14 * 86_400,
    });
  });

  it('says of a rule what is said of it, and no more', () => {
    const rules = {
      D07: { mode: 'enforce', resources: { ledger: 'off' } },
      D12: { thresholds: { distinctDenied: 8 } },
    };
    expect(read({ rules })).toMatchObject({
      rules: {
        D07: { mode: 'enforce', resources: { ledger: 'off' }, thresholds: {} },
        D12: { mode: undefined, resources: {}, thresholds: { distinctDenied: 8 } },
      },
    });
  });

  it('takes zones, environments, a budget of nothing, permissions and a time', () => {
    const written = {
      zones: { office: ['10.1.0.0/16', 'fd00::/8', '192.0.2.7'] },
      environmentGroups: [['dev', 'test']],
      environmentOrder: ['qa', 'live'],
      responseBudget: 0,
      permit: ['disable_grant'],
      keep: '30d',
    };
    const { permit: permitted, keep, ...rest } = written;
    expect(keep).toBe('30d');
    expect(read(written)).toEqual({ ...rest, rules: {}, permitted, keepSeconds: 30 * 86_400 });
  });
});
