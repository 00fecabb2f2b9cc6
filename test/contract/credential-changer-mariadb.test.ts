import { randomBytes } from 'node:crypto';
import { type MariadbChange } from '#adapters/changers';
import {
  accountFields,
  credentialChangerContract,
  type CredentialChangerUnderTest,
  hostileText,
} from '#testing';
import { describeWithServer, MariaDb } from '#test-support';
import { accountIn, BY, changerOf, FIELDS, RECONCILE } from './changer-fixture.js';

const random = (): string => randomBytes(12).toString('hex');

async function mariadbUnderTest(slots: 'single' | 'dual'): Promise<CredentialChangerUnderTest> {
  const admin = { username: 'boss', password: random() };
  const server = await MariaDb.start({ admin });
  // The rights of docs/credential-changers.md.
  const changer = { username: 'changer', password: random() };
  await server.createAccount(changer);
  await server.execute("GRANT CREATE USER ON *.* TO 'changer'@'%'");
  const settings: MariadbChange = {
    ...{ as: 'mariadb', slots, fields: FIELDS, host: server.host, port: server.port, tls: 'off' },
    ...(slots === 'dual' ? { by: BY } : {}),
    reconcile: RECONCILE,
  };
  return {
    slots,
    again: slots === 'dual' ? 'same' : /^mariadb_1045$/,
    wrongLogin: /^mariadb_1045$/,
    missing: slots === 'dual' ? /^no_alternate$/ : /^mariadb_1045$/,
    usernames: hostileText(70).filter(isBasicPlane),
    passwords: hostileText(200),
    logged: /\*[0-9A-F]{40}/,
    credential: async ({ username = `svc-${random()}`, password = random() } = {}) => {
      const other = `other-${random()}`;
      await server.createAccount({ username, password });
      await server.createAccount({ username: other, password: random() });
      const pair = slots === 'dual' ? { alternate: [username, other] as const } : {};
      return {
        current: accountFields(username, password),
        changer: ({ port = server.port, ...variant } = {}) =>
          changerOf({ ...settings, ...pair, port }, changer, variant),
        isValid: (fields) => server.canLogIn(accountIn(fields)),
      };
    },
    drift: async ({ current }) => {
      const { username } = accountIn(current);
      await server.execute(`ALTER USER \`${username}\`@\`%\` IDENTIFIED BY '${random()}'`);
    },
    logs: async () => server.logs,
    close: () => server.stop(),
  };
}

describeWithServer('the changer of MariaDB, two accounts', 'mariadb', () => {
  credentialChangerContract(() => mariadbUnderTest('dual'));
});

describeWithServer('the changer of MariaDB, one account by itself', 'mariadb', () => {
  credentialChangerContract(() => mariadbUnderTest('single'));
});

/** `mysql.user` keeps names in at most three bytes a character. */
const isBasicPlane = (text: string): boolean => !/[\u{10000}-\u{10ffff}]/u.test(text);
