import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, ResultCodeError } from 'ldapts';
import { ChangeRefused } from '#rotation';
import { type Login } from './account.js';
import { ChangerSettingsRefused } from './changer-settings-refused.js';
import { driverFailure, type ServerDialect } from './driver-failure.js';
import { type ServerTls, tlsOptions } from './server-tls.js';
import { assertInTime, CONNECT_MS_MAX, cutAtLimit, STATEMENT_MS_MAX } from './within-limit.js';

export interface LdapPlace {
  /** ldaps, or ldap, which begins with StartTLS where `tls` is there. */
  readonly url: URL;
  readonly tls: ServerTls | undefined;
  /** DN of an account that is changed, by its user name. Of a privileged account the user name is the DN. */
  readonly dnOf: (username: string) => string;
}

/** Sessions with one LDAP directory: a connection each. */
export class LdapDirectory {
  readonly #dialect: ServerDialect;

  /** @throws ChangerSettingsRefused */
  constructor(private readonly place: LdapPlace) {
    const { protocol, host } = place.url;
    if (protocol === 'ldaps:' && place.tls === undefined) {
      throw new ChangerSettingsRefused('rotation.change.url is ldaps, and tls is off: decide');
    }
    this.#dialect = {
      where: `LDAP at ${host}`,
      refusalOf,
      prefix: 'ldap',
      isPassing: (code) => PASSING.has(code),
    };
  }

  /** @throws ChangeRefused for a user name that gives no DN: others would be taken for a SASL mechanism. */
  dnOf({ username, privileged = false }: { username: string; privileged?: boolean }): string {
    const dn = privileged ? username : this.place.dnOf(username);
    if (!dn.includes('=')) {
      throw new ChangeRefused(
        'username_unusable',
        'the user name is no DN: see rotation.change.dn',
      );
    }
    return dn;
  }

  /** One connection, bound as `by`, for `work`. @throws TargetUnreachable, ChangeRefused */
  async as(by: Login, signal: AbortSignal, work: (client: Client) => Promise<void>): Promise<void> {
    const client = this.#client(signal);
    try {
      const { url, tls } = this.place;
      if (url.protocol === 'ldap:' && tls !== undefined) await client.startTLS(tlsOptions(tls));
      await client.bind(this.dnOf(by), by.password.reveal());
      assertInTime(signal);
      await work(client);
    } catch (error) {
      throw driverFailure(error, this.#dialect);
    } finally {
      client.unbind().catch(() => undefined);
    }
  }

  /**
   * Opens one connection and no other: when it is lost, ldapts would make another, which is not bound, and after StartTLS
   * not protected either.
   */
  #client(signal: AbortSignal): Client {
    const { url, tls } = this.place;
    let opened = false;
    const once = <S extends Socket>(open: () => S): S => {
      if (opened) throw new Error('the connection was lost');
      opened = true;
      assertInTime(signal);
      return cutAtLimit(open(), signal);
    };
    const to = { port: portOf(url), host: hostOf(url) };
    return new Client({
      url: url.href,
      timeout: STATEMENT_MS_MAX,
      connectTimeout: CONNECT_MS_MAX,
      createConnection: () => once(() => connect(to)),
      ...(url.protocol === 'ldap:' || tls === undefined
        ? {}
        : {
            tlsOptions: tlsOptions(tls),
            createSecureConnection: () => once(() => connectTls({ ...tlsOptions(tls), ...to })),
          }),
    });
  }
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

const portOf = ({ port, protocol }: URL): number => {
  if (port !== '') return Number(port);
  return protocol === 'ldaps:' ? LDAPS_PORT : LDAP_PORT;
};

const LDAP_PORT = 389;
const LDAPS_PORT = 636;

const refusalOf = (error: unknown): string | undefined =>
  error instanceof ResultCodeError ? String(error.code) : undefined;

/** RFC 4511 section 4.1.9: time limit exceeded, busy, unavailable. */
const PASSING: ReadonlySet<string> = new Set(['3', '51', '52']);
