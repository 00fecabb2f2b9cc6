import { randomBytes } from 'node:crypto';
import { type LdapChange } from '#adapters/changers';
import {
  accountFields,
  credentialChangerContract,
  type CredentialChangerUnderTest,
  hostileText,
} from '#testing';
import { describeWithServer, LDAP_CHANGER, LDAP_SERVICES, Slapd } from '#test-support';
import { accountIn, BY, changerOf, FIELDS, RECONCILE } from './changer-fixture.js';

const random = (): string => randomBytes(12).toString('hex');

/** Every byte escaped: valid, and written in another way than the changer writes it. */
const dnOf = (username: string): string => {
  const bytes = [...Buffer.from(username)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `uid=\\${bytes.join('\\')},${LDAP_SERVICES}`;
};

async function ldapUnderTest(
  slots: 'single' | 'dual',
  by: 'privileged' | 'itself',
): Promise<CredentialChangerUnderTest> {
  const password = random();
  const server = await Slapd.start({ adminPassword: password });
  const admin = { username: LDAP_CHANGER, password };
  const settings: LdapChange = {
    ...{ as: 'ldap', slots, fields: FIELDS, url: server.url, tls: 'off' },
    dn: `uid={{username}},${LDAP_SERVICES}`,
    ...(by === 'privileged' ? { by: BY } : {}),
    reconcile: RECONCILE,
  };
  return {
    slots,
    again: slots === 'dual' || by === 'privileged' ? 'same' : /^ldap_49$/,
    wrongLogin: /^ldap_49$/,
    // No such object; and the credentials of nobody are invalid.
    missing: by === 'privileged' ? /^ldap_32$/ : /^ldap_49$/,
    // Of an attribute whose matching ignores case and runs of spaces, and takes no control characters.
    usernames: hostileText(200).filter((text) => text.trim() === text && !/ {2}/.test(text)),
    passwords: hostileText(200),
    logged: by === 'privileged' ? /PASSMOD|MOD attr=userPassword/ : /MOD attr=userPassword/,
    credential: async ({ username = `svc-${random()}`, password: first = random() } = {}) => {
      const dn = dnOf(username);
      await server.asRoot((client) => client.del(dn)).catch(() => undefined);
      await server.createAccount({ username, password: first }, dn);
      return {
        current: accountFields(username, first),
        changer: ({ port = server.port, ...variant } = {}) =>
          changerOf({ ...settings, url: `ldap://127.0.0.1:${port}` }, admin, variant),
        isValid: (fields) => server.canLogIn(accountIn(fields), dnOf(accountIn(fields).username)),
      };
    },
    drift: async ({ current }) => {
      const { username } = accountIn(current);
      await server.setPassword(dnOf(username), random());
    },
    logs: async () => server.logs,
    close: () => server.stop(),
  };
}

describeWithServer('the changer of LDAP, two passwords, by itself', 'slapd', () => {
  credentialChangerContract(() => ldapUnderTest('dual', 'itself'));
});

describeWithServer('the changer of LDAP, one password, privileged', 'slapd', () => {
  credentialChangerContract(() => ldapUnderTest('single', 'privileged'));
});
