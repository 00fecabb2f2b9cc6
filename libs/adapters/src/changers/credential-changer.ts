import { type CredentialChanger } from '#rotation';
import { accountDn } from './account-dn.js';
import { AlternatingChanger } from './alternating-changer.js';
import { type SendChange } from './change-sender.js';
import { ChangeLogins } from './change-logins.js';
import {
  type ChangerSettings,
  type HttpChange,
  type LdapChange,
  type MariadbChange,
  type PostgresChange,
  type RedisChange,
} from './changer-settings.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';
import { HttpChanger } from './http-changer.js';
import { LdapPasswords, LdapPasswordValues } from './ldap-accounts.js';
import { LdapDirectory } from './ldap-session.js';
import { LoadedAccounts } from './loaded-accounts.js';
import { MariadbAccounts } from './mariadb-accounts.js';
import { PostgresAccounts } from './postgres-accounts.js';
import { type ReadAccount } from './privileged-account.js';
import { serverTls } from './server-tls.js';
import { SingleChanger } from './single-changer.js';
import { TwoValueChanger } from './two-value-changer.js';

export interface ChangerPorts {
  /** The newest version of a secret of Postern's own. Asked each time, when it is needed. */
  readonly read: ReadAccount;
  /** Needed by `http` alone; see changeSender. */
  readonly send?: SendChange | undefined;
}

type ServerChangeOf = PostgresChange | MariadbChange;

const PORTS = { postgres: 5432, mariadb: 3306, redis: 6379 };
const DATABASE_DEFAULT = 'postgres';
const ACCOUNT_HOST_DEFAULT = '%';

/** What changes the value of one credential. Connects to nothing yet. @throws ChangerSettingsRefused */
export function credentialChanger(
  settings: ChangerSettings,
  ports: ChangerPorts,
): CredentialChanger {
  switch (settings.as) {
    case 'postgres':
      return alternatingOrSingle(settings, postgresAccounts(settings), ports);
    case 'mariadb':
      return alternatingOrSingle(settings, mariadbAccounts(settings), ports);
    case 'redis':
      return redisChanger(settings, ports);
    case 'ldap':
      return ldapChanger(settings, ports);
    case 'http':
      return httpChanger(settings, ports);
  }
}

function alternatingOrSingle(
  settings: ServerChangeOf,
  accounts: PostgresAccounts | MariadbAccounts,
  { read }: ChangerPorts,
): CredentialChanger {
  const { username, password } = accountFields(settings);
  const logins = loginsOf(settings, read);
  const { slots, alternate, by } = settings;
  if (slots === 'single') {
    if (alternate !== undefined) refuse('alternate is for two slots: write slots: dual');
    return new SingleChanger(accounts, logins, password);
  }
  if (alternate === undefined || alternate[0] === alternate[1] || alternate.includes('')) {
    refuse('alternate must name the two accounts that take turns');
  }
  if (by === undefined) refuse('by is needed with two slots: no account changes the other one');
  return new AlternatingChanger(accounts, logins, { fields: { username, password }, alternate });
}

function postgresAccounts({ host, port, database, tls }: PostgresChange): PostgresAccounts {
  return new PostgresAccounts({
    host,
    port: port ?? PORTS.postgres,
    database: database ?? DATABASE_DEFAULT,
    tls: serverTls(tls, host),
  });
}

function mariadbAccounts({ host, port, accountHost, tls }: MariadbChange): MariadbAccounts {
  return new MariadbAccounts({
    host,
    port: port ?? PORTS.mariadb,
    accountHost: accountHost ?? ACCOUNT_HOST_DEFAULT,
    tls: serverTls(tls, host),
  });
}

function redisChanger(settings: RedisChange, { read }: ChangerPorts): CredentialChanger {
  const { host, port, persist, tls, slots } = settings;
  const { password } = accountFields(settings);
  const place = {
    host,
    port: port ?? PORTS.redis,
    persist: persist ?? 'aclfile',
    tls: serverTls(tls, host),
  };
  const accounts = new LoadedAccounts(async () => {
    const { RedisAccounts } = await import('./redis-accounts.js');
    return new RedisAccounts(place);
  });
  const Changer = slots === 'single' ? SingleChanger : TwoValueChanger;
  return new Changer(accounts, loginsOf(settings, read), password);
}

function ldapChanger(settings: LdapChange, { read }: ChangerPorts): CredentialChanger {
  const { password } = accountFields(settings);
  const url = ldapUrl(settings.url);
  const directory = new LdapDirectory({
    url,
    tls: serverTls(settings.tls, url.hostname.replace(/^\[|\]$/g, '')),
    dnOf: accountDn(settings.dn),
  });
  const logins = loginsOf(settings, read);
  return settings.slots === 'single'
    ? new SingleChanger(new LdapPasswords(directory), logins, password)
    : new TwoValueChanger(new LdapPasswordValues(directory), logins, password);
}

function httpChanger(settings: HttpChange, { read, send }: ChangerPorts): CredentialChanger {
  if (send === undefined) return refuse('as: http needs a destination to send to');
  return new HttpChanger({ settings, send, read });
}

const LDAP_URL = /^ldaps?:\/\/(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?\/?$/;

const ldapUrl = (text: string): URL =>
  LDAP_URL.test(text) && URL.canParse(text)
    ? new URL(text)
    : refuse('url must be ldap://host[:port] or ldaps://host[:port]');

function accountFields({ fields }: ChangerSettings): { username: string; password: string } {
  const { username, password } = fields;
  if (username === undefined) return refuse('rotation.fields.username is needed, but for as: http');
  return { username, password };
}

const loginsOf = ({ fields, by, reconcile }: ChangerSettings, read: ReadAccount): ChangeLogins =>
  new ChangeLogins({ fields, by, reconcile, read });

function refuse(what: string): never {
  throw new ChangerSettingsRefused(`rotation.change: ${what}`);
}
