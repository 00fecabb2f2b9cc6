import { detection, detectionEntry } from './config-detection.js';

describe('detection of postern.yaml', () => {
  const read = (written: unknown): unknown => detectionEntry(detection.parse(written));

  it('leaves the rules as they ship when nothing is said', () => {
    expect(read({})).toEqual({
      rules: {},
      zones: {},
      scanners: [],
      sensitive: [],
      unusedGrants: {},
      environmentGroups: [],
      environmentOrder: ['dev', 'test', 'staging', 'prod'],
      responseBudget: 20,
      streamRules: 'postgres',
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
      scanners: ['192.0.2.0/24'],
      environmentGroups: [['dev', 'test']],
      environmentOrder: ['qa', 'live'],
      responseBudget: 0,
      streamRules: 'candidates',
      permit: ['disable_grant'],
      keep: '30d',
    };
    const { permit: permitted, keep, ...rest } = written;
    expect(keep).toBe('30d');
    const unsaid = { rules: {}, sensitive: [], unusedGrants: {} };
    expect(read(written)).toEqual({ ...rest, ...unsaid, permitted, keepSeconds: 30 * 86_400 });
  });

  it('reads Vault where it is told who may, and gives grants a time of their own', () => {
    const allowEntities = ['7b8f8fb3-244a-807c-c5b0-7884a85eeb00'];
    const written = { vaultAudit: { allowEntities }, unusedGrants: { 'year-end': '400d' } };
    expect(read(written)).toMatchObject({
      vaultAudit: { topic: 'postern.vault-audit.v1', allowEntities },
      unusedGrants: { 'year-end': 400 * 86_400 },
    });
  });

  it.each([
    ['without a list', { vaultAudit: {} }],
    ['with a list of nobody', { vaultAudit: { allowEntities: [] } }],
    ['of a topic that cannot be one', { vaultAudit: { topic: 'a b', allowEntities: ['e'] } }],
    ['with a grant that is never stale', { unusedGrants: { g: '0d' } }],
  ])('refuses what is %s', (_, written) => {
    expect(() => read(written)).toThrow();
  });
});
