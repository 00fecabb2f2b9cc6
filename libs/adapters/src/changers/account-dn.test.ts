import fc from 'fast-check';
import { accountDn } from './account-dn.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';

const TEMPLATE = 'uid={{username}},ou=services,dc=example,dc=org';

describe('the DN of an account', () => {
  it('has the user name in it', () => {
    expect(accountDn(TEMPLATE)('ledger')).toBe('uid=ledger,ou=services,dc=example,dc=org');
  });

  it('never has more or other parts than the template, whatever the user name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (username) => {
        const dn = accountDn(TEMPLATE)(username);
        const value = dn.slice('uid='.length, -',ou=services,dc=example,dc=org'.length);
        expect(value).toMatch(/^(?:[A-Za-z0-9]|\\[0-9a-f]{2})+$/);
        const bytes = value.replace(/\\([0-9a-f]{2})/g, (_, hex: string) =>
          String.fromCharCode(parseInt(hex, 16)),
        );
        expect(Buffer.from(bytes, 'latin1').equals(Buffer.from(username))).toBe(true);
      }),
    );
  });

  it('is the user name itself without a template', () => {
    expect(accountDn(undefined)('cn=a,dc=b')).toBe('cn=a,dc=b');
  });

  it.each([
    'uid=ledger,dc=example',
    'uid={{username}}{{username}}',
    'uid={{user}},dc=b',
    'uid={{username}},{',
  ])('is not made by the template %j', (template) => {
    expect(() => accountDn(template)).toThrow(ChangerSettingsRefused);
  });
});
