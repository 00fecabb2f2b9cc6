import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretNotFound, SecretStoreUnavailable } from '#credentials';
import { Secret } from '#kernel';
import { type SecretFields, TargetUnreachable } from '#rotation';
import { type ChangerSettings } from './changer-settings.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';
import { credentialChanger } from './credential-changer.js';

const REF = { mount: 'secret', path: 'postern/admin' };
const fieldsOf = (username: string, password: string): SecretFields =>
  new Map([
    ['username', Secret.of(username)],
    ['password', Secret.of(password)],
  ]);
const SHARED = {
  slots: 'single' as const,
  fields: { username: 'username', password: 'password' },
  host: '127.0.0.1',
  port: 1,
  tls: 'off' as const,
};
const POSTGRES: ChangerSettings = { as: 'postgres', ...SHARED };
const make = (settings: ChangerSettings, read = async () => fieldsOf('boss', 'word')) =>
  credentialChanger(settings, { read });

describe('the settings of a changer', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-test-changer-'));
  writeFileSync(join(folder, 'empty.pem'), '');

  it.each<[string, ChangerSettings, RegExp]>([
    ['no TLS to elsewhere', { ...POSTGRES, host: 'db.internal' }, /loopback/],
    [
      'no TLS to an address that only looks local',
      { ...POSTGRES, host: '127.0.0.1.evil.example' },
      /loopback/,
    ],
    ['no TLS without a reason', { ...POSTGRES, tls: { off: ' ' } }, /why/],
    [
      'authorities that are not there',
      { ...POSTGRES, tls: { caFile: '/nowhere' } },
      /cannot be read/,
    ],
    [
      'authorities that are none',
      { ...POSTGRES, tls: { caFile: join(folder, 'empty.pem') } },
      /without a certificate/,
    ],
    [
      'no field of a user name',
      { ...POSTGRES, fields: { username: undefined, password: 'p' } },
      /fields\.username/,
    ],
    ['alternates with one slot', { ...POSTGRES, alternate: ['a', 'b'] }, /slots: dual/],
    ['two slots without alternates', { ...POSTGRES, slots: 'dual', by: { ref: REF } }, /alternate/],
    [
      'the same alternate twice',
      { ...POSTGRES, slots: 'dual', by: { ref: REF }, alternate: ['a', 'a'] },
      /alternate/,
    ],
    [
      'two slots and nobody to change them',
      { ...POSTGRES, slots: 'dual', alternate: ['a', 'b'] },
      /by is needed/,
    ],
    ['a MariaDB by its address', { ...SHARED, as: 'mariadb', tls: {} }, /serverName/],
    ['an LDAP URL with a path', { ...SHARED, as: 'ldap', url: 'ldap://127.0.0.1/dc=a' }, /url/],
    ['an LDAP URL with a password', { ...SHARED, as: 'ldap', url: 'ldap://a:b@127.0.0.1' }, /url/],
    ['ldaps without TLS', { ...SHARED, as: 'ldap', url: 'ldaps://127.0.0.1' }, /decide/],
    [
      'a DN without a user name',
      { ...SHARED, as: 'ldap', url: 'ldap://127.0.0.1', dn: 'uid=a' },
      /dn/,
    ],
    [
      'a call with nobody to send it',
      {
        ...{ as: 'http', slots: 'single', fields: SHARED.fields },
        request: { method: 'POST', path: '/', type: 'form', fields: {}, expect: [200] },
      },
      /destination/,
    ],
  ])('are refused with %s', (_, settings, why) => {
    expect(() => make(settings)).toThrow(ChangerSettingsRefused);
    expect(() => make(settings)).toThrow(why);
  });

  it('may have no TLS to elsewhere with a reason', () => {
    expect(make({ ...POSTGRES, host: 'db.internal', tls: { off: 'own wire' } })).toBeDefined();
  });

  it('give a way to reconcile where an account for it is configured, and none elsewhere', () => {
    expect(make(POSTGRES).reconcile).toBeUndefined();
    expect(make({ ...POSTGRES, reconcile: { ref: REF } }).reconcile).toBeDefined();
  });
});

describe('a change', () => {
  it('is a login of the account itself where no privileged account makes it', () => {
    const alternate: ChangerSettings = { ...POSTGRES, slots: 'dual', alternate: ['a', 'b'] };
    expect(make(POSTGRES).logsInAsAccount).toBe(true);
    expect(make({ ...SHARED, as: 'redis', slots: 'dual' }).logsInAsAccount).toBe(true);
    expect(make({ ...POSTGRES, by: { ref: REF } }).logsInAsAccount).toBe(false);
    expect(make({ ...alternate, by: { ref: REF } }).logsInAsAccount).toBe(false);
  });
});

describe('the next value', () => {
  const dual: ChangerSettings = {
    ...POSTGRES,
    ...{ slots: 'dual', by: { ref: REF }, alternate: ['svc_a', 'svc_b'] },
  };

  it.each([
    ['svc_a', 'svc_b'],
    ['svc_b', 'svc_a'],
    ['someone', 'svc_a'],
  ])('after one of %s is of %s', (username, other) => {
    const next = make(dual).next(fieldsOf(username, 'one'), Secret.of('two'));
    expect(next.get('username')?.reveal()).toBe(other);
    expect(next.get('password')?.reveal()).toBe('two');
  });

  it('never leads to an account that is not registered', async () => {
    const changer = make(dual);
    const current = fieldsOf('postgres', 'one');
    const next = changer.next(current, Secret.of('two'));
    const refused = { code: 'change-refused', errorClass: 'no_alternate' };
    await expect(changer.apply({ current, next })).rejects.toMatchObject(refused);
    await expect(changer.retire({ old: current, current: next })).rejects.toMatchObject(refused);
    const same = { current: fieldsOf('svc_a', 'one'), next: fieldsOf('svc_a', 'two') };
    await expect(changer.apply(same)).rejects.toMatchObject(refused);
  });

  it('of one account is of the same account', async () => {
    const change = { current: fieldsOf('svc', 'one'), next: fieldsOf('postgres', 'two') };
    await expect(make(POSTGRES).apply(change)).rejects.toMatchObject({
      errorClass: 'other_account',
    });
  });
});

describe('a change by http', () => {
  const settings: ChangerSettings = {
    ...{ as: 'http', slots: 'single', fields: SHARED.fields, by: { ref: REF } },
    request: {
      ...{ method: 'POST', path: '/password', type: 'form', expect: [200] },
      fields: { new: '{{next.password}}' },
    },
  };
  const change = { current: fieldsOf('svc', 'one'), next: fieldsOf('svc', 'two') };
  const answered = (status: number) =>
    credentialChanger(settings, {
      read: async () => fieldsOf('boss', 'word'),
      send: async () => ({ status }),
    }).apply(change);

  it.each([408, 425, 429, 500, 501, 502, 503, 504, 507])(
    'that is answered %i may have been made',
    async (status) => {
      await expect(answered(status)).rejects.toThrow(TargetUnreachable);
    },
  );

  it.each([302, 400, 401, 403, 404, 409, 422])(
    'that is answered %i was not made',
    async (status) => {
      await expect(answered(status)).rejects.toMatchObject({ errorClass: `http_${status}` });
    },
  );
});

describe('the privileged account', () => {
  const settings: ChangerSettings = { ...POSTGRES, by: { ref: REF } };
  const change = { current: fieldsOf('svc', 'one'), next: fieldsOf('svc', 'two') };

  it('that cannot be read now is a reason to try again', async () => {
    const read = () => Promise.reject(new SecretStoreUnavailable('sealed', 'sealed'));
    await expect(make(settings, read).apply(change)).rejects.toThrow(TargetUnreachable);
  });

  it('that is not there is a refusal', async () => {
    const read = () => Promise.reject(new SecretNotFound(REF));
    await expect(make(settings, read).apply(change)).rejects.toMatchObject({
      errorClass: 'account_missing',
    });
  });

  it('without a password is a refusal, before anybody is asked', async () => {
    const read = async () => new Map([['username', Secret.of('boss')]]);
    await expect(make(settings, read).apply(change)).rejects.toMatchObject({
      errorClass: 'value_incomplete',
    });
  });
});
