import { randomBytes } from 'node:crypto';
import { type PostgresChange } from '#adapters/changers';
import {
  accountFields,
  credentialChangerContract,
  type CredentialChangerUnderTest,
  hostileText,
} from '#testing';
import { describeWithServer, LegacyPostgres, type PostgresMajor } from '#test-support';
import { accountIn, BY, changerOf, FIELDS, RECONCILE } from './changer-fixture.js';

const random = (): string => randomBytes(12).toString('hex');

/** Those of docs/credential-changers.md, for the two roles that take turns. */
async function privileged(server: LegacyPostgres, major: PostgresMajor) {
  const changer = { username: `changer-${random()}`, password: random() };
  await server.createAccount(changer);
  await server.execute(`ALTER ROLE "${changer.username}" CREATEROLE`);
  return {
    changer,
    permit: async (role: string) => {
      if (major < 16) return; // Until then CREATEROLE is enough.
      const name = `"${role.replaceAll('"', '""')}"`;
      await server.execute(
        `GRANT ${name} TO "${changer.username}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`,
      );
    },
  };
}

async function postgresUnderTest(
  major: PostgresMajor,
  slots: 'single' | 'dual',
  by: 'privileged' | 'itself',
): Promise<CredentialChangerUnderTest> {
  const server = await LegacyPostgres.start({ major });
  const { changer, permit } = await privileged(server, major);
  const settings: PostgresChange = {
    ...{ as: 'postgres', slots, fields: FIELDS, host: server.host, port: server.port, tls: 'off' },
    ...(by === 'privileged' ? { by: BY } : {}),
    reconcile: RECONCILE,
  };
  return {
    slots,
    again: by === 'privileged' ? 'same' : /^postgres_28P01$/,
    wrongLogin: /^postgres_28P01$/,
    missing: slots === 'dual' ? /^no_alternate$/ : /^postgres_(?:42704|28P01)$/,
    usernames: hostileText(63),
    passwords: hostileText(200).filter((text) => text.normalize('NFKC') === text),
    logged: /ALTER ROLE .* PASSWORD .*SCRAM-SHA-256\$4096:/,
    credential: async ({ username = `svc-${random()}`, password = random() } = {}) => {
      const other = `other-${random()}`;
      await createSilently(server, { username, password });
      await createSilently(server, { username: other, password: random() });
      await permit(username);
      await permit(other);
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
      await server.execute(`ALTER ROLE "${username}" PASSWORD '${random()}'`);
    },
    logs: async () => server.logs,
    close: () => server.stop(),
  };
}

/** The property makes the same name twice now and then. */
const createSilently = async (
  server: LegacyPostgres,
  account: { username: string; password: string },
): Promise<void> => {
  await server.execute(`DROP ROLE IF EXISTS "${account.username.replaceAll('"', '""')}"`);
  await server.createAccount(account);
};

describeWithServer('the changer of PostgreSQL, two roles', 'postgres-18', () => {
  credentialChangerContract(() => postgresUnderTest(18, 'dual', 'privileged'));
});

describeWithServer('the changer of PostgreSQL, one role by itself', 'postgres-18', () => {
  credentialChangerContract(() => postgresUnderTest(18, 'single', 'itself'));
});

describeWithServer('the changer of PostgreSQL, one role, privileged', 'postgres-15', () => {
  credentialChangerContract(() => postgresUnderTest(15, 'single', 'privileged'));
});
