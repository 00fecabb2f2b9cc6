import { audit, auditEntry } from './config-audit.js';

describe('audit of postern.yaml', () => {
  const surroundings = {
    folder: '/etc/postern',
    publicOrigin: 'https://sts.bank.example:8443',
    environment: 'prod',
  };
  const read = (written: unknown): unknown => auditEntry(audit.parse(written), surroundings);

  it('names the log by host and environment, and makes a checkpoint a minute', () => {
    expect(read({ key: { file: './checkpoint.pem' } })).toEqual({
      log: 'sts.bank.example:8443/prod',
      key: { kind: 'file', path: '/etc/postern/checkpoint.pem' },
      formerKeyFiles: [],
      everySeconds: 60,
      anchorFolder: undefined,
    });
  });

  it('takes a key of Vault, former keys, an anchor and another pace', () => {
    const written = {
      log: 'bank/evidence',
      key: { transit: { mount: 'transit', name: 'postern-checkpoint' } },
      formerKeys: ['old.pem'],
      every: '10s',
      anchor: { folder: '/mnt/anchor' },
    };
    expect(read(written)).toEqual({
      log: 'bank/evidence',
      key: { kind: 'transit', mount: 'transit', name: 'postern-checkpoint' },
      formerKeyFiles: ['/etc/postern/old.pem'],
      everySeconds: 10,
      anchorFolder: '/mnt/anchor',
    });
  });

  const key = { file: 'k.pem' };
  it.each([
    ['no key', {}],
    ['a key of nowhere', { key: {} }],
    ['two keys', { key: { file: 'k.pem', transit: { mount: 'transit', name: 'k' } } }],
    ['a pace of more than an hour', { key, every: '2h' }],
    ['a name that a signed note cannot have', { key, log: 'a+b' }],
    ['an object store', { key, anchor: { s3: { bucket: 'b' } } }],
  ])('refuses %s', (_, written) => {
    expect(audit.safeParse(written).success).toBe(false);
  });
});
