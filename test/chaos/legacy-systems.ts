import { randomBytes } from 'node:crypto';
import {
  ApacheLdap,
  basicFront,
  HtpasswdSite,
  LDAP_CHANGER,
  LDAP_SERVICES,
  LegacyPostgres,
  type LegacyAccount,
  MariaDb,
  Redis,
  Slapd,
} from '#test-support';

/** Fewer failing logins in a row than these do not lock the account, where the system locks accounts at all. */
const LOCKED_AFTER_FAILURES = 8;
const FILES = { 'accounts/42': '{"account": "42", "balance": "1024.00"}' };

/** A legacy system behind HTTP with Basic, whose one account Postern rotates. */
export interface LegacySystem {
  /** Also the id of its resource. */
  readonly name: string;
  readonly destination: string;
  /** As it is before the first rotation. */
  readonly account: LegacyAccount;
  /** `slots` and `change` of its rotation; `ref` is where the privileged account lies. */
  readonly rotation: (ref: object) => Readonly<Record<string, unknown>>;
  /** Who makes the change; undefined: the account itself. */
  readonly by?: LegacyAccount;
  /** Logins that the front was refused; of those that count. */
  readonly refused?: () => number;
  /** At the system itself, past the front. */
  canLogIn(account: LegacyAccount): Promise<boolean>;
  stop(): Promise<void>;
}

const random = (): string => randomBytes(12).toString('hex');
const account = (username: string): LegacyAccount => ({ username, password: random() });

/** All at once: PostgreSQL, MariaDB, Redis, a directory behind Apache, and Apache with an htpasswd file. */
export const startLegacySystems = (): Promise<readonly LegacySystem[]> =>
  Promise.all([postgres(), mariadb(), redis(), directory(), htpasswd()]);

/** Two roles that take turns. */
async function postgres(): Promise<LegacySystem> {
  const server = await LegacyPostgres.start();
  const [first, second] = [account('svc_a'), account('svc_b')];
  const by = account('postern_changer');
  for (const role of [first, second, by]) await server.createAccount(role);
  await server.execute('ALTER ROLE postern_changer CREATEROLE');
  await server.execute(
    'GRANT svc_a, svc_b TO postern_changer WITH ADMIN TRUE, INHERIT FALSE, SET FALSE',
  );
  const front = await basicFront('postgres', server);
  const { host, port } = server;
  return {
    ...{ name: 'postgres', destination: front.origin, account: first, by },
    rotation: (ref) => ({
      slots: 'dual',
      change: {
        ...{ as: 'postgres', host, port, tls: 'off' },
        ...{ alternate: [first.username, second.username], by: { ref } },
      },
    }),
    refused: () => front.logins.refused,
    canLogIn: (candidate) => server.canLogIn(candidate),
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

/** One account that changes itself, and that the server locks after a few failing logins. */
async function mariadb(): Promise<LegacySystem> {
  const server = await MariaDb.start({ admin: account('boss') });
  const own = account('svc_ledger');
  await server.createAccount(own);
  await server.execute(`SET GLOBAL max_password_errors = ${LOCKED_AFTER_FAILURES}`);
  const front = await basicFront('mariadb', server);
  const { host, port } = server;
  return {
    ...{ name: 'mariadb', destination: front.origin, account: own },
    rotation: () => ({
      slots: 'single',
      change: { as: 'mariadb', host, port, tls: 'off' },
    }),
    refused: () => front.logins.refused,
    canLogIn: (candidate) => server.canLogIn(candidate),
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

/** One user with two passwords for a while. */
async function redis(): Promise<LegacySystem> {
  const server = await Redis.start({ admin: account('boss') });
  const [own, by] = [account('svc_ledger'), account('changer')];
  await server.createAccount(own);
  await server.createAccount(by);
  const rights = ['-@all', '+acl|getuser', '+acl|setuser', '+acl|save'];
  await server.execute('ACL', 'SETUSER', by.username, ...rights);
  const front = await basicFront('redis', server);
  const { host, port } = server;
  return {
    ...{ name: 'redis', destination: front.origin, account: own, by },
    rotation: (ref) => ({
      slots: 'dual',
      change: { as: 'redis', host, port, tls: 'off', by: { ref } },
    }),
    refused: () => front.logins.refused,
    canLogIn: (candidate) => server.canLogIn(candidate),
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

/** One entry with two passwords for a while, that Apache binds as. */
async function directory(): Promise<LegacySystem> {
  const password = random();
  const server = await Slapd.start({ adminPassword: password });
  const own = account('svc_ledger');
  await server.createAccount(own);
  const front = await ApacheLdap.start(server, FILES);
  return {
    ...{ name: 'directory', destination: front.origin, account: own },
    by: { username: LDAP_CHANGER, password },
    rotation: (ref) => ({
      slots: 'dual',
      change: {
        ...{ as: 'ldap', url: server.url, tls: 'off', by: { ref } },
        dn: `uid={{username}},${LDAP_SERVICES}`,
      },
    }),
    canLogIn: (candidate) => server.canLogIn(candidate),
    stop: async () => {
      await front.stop();
      await server.stop();
    },
  };
}

/** One password, changed by a call of the account itself. */
async function htpasswd(): Promise<LegacySystem> {
  const own = account('svc_ledger');
  const site = await HtpasswdSite.start({ admin: account('boss'), accounts: [own], files: FILES });
  return {
    ...{ name: 'htpasswd', destination: site.origin, account: own },
    rotation: () => ({
      slots: 'single',
      change: {
        as: 'http',
        request: {
          ...{ method: 'POST', path: '/password', type: 'form', expect: [204] },
          fields: { old: '{{current.password}}', new: '{{next.password}}' },
        },
      },
    }),
    canLogIn: (candidate) => site.canLogIn(candidate),
    stop: () => site.stop(),
  };
}
