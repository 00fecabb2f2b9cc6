import { type SecretRef } from '#credentials';

/** Names of the fields of the resource's own secret that hold the account and what is changed. */
export interface ChangedFields {
  /** Undefined: the secret names no account. Only `http` can do without. */
  readonly username: string | undefined;
  readonly password: string;
}

/**
 * How the connection to the legacy system is protected. An object without `off`: TLS with a verified certificate; the
 * authorities of the system when `caFile` (PEM) is absent; `serverName` where the certificate names another host. `off`:
 * no TLS, to a loopback address. `{ off: why }`: no TLS, to wherever it is.
 */
export type ChangerTls =
  | 'off'
  | { readonly off: string }
  | { readonly caFile?: string | undefined; readonly serverName?: string | undefined };

/** A secret of Postern's own, with the fields `username` and `password`. LDAP: `username` is a DN. */
export interface AccountRef {
  readonly ref: SecretRef;
}

interface EveryChange {
  readonly slots: 'single' | 'dual';
  readonly fields: ChangedFields;
  /** The privileged account that makes the change; undefined: the account changes itself, where the system lets it. */
  readonly by?: AccountRef | undefined;
  /** An account that can make a value valid when none is. */
  readonly reconcile?: AccountRef | undefined;
}

interface ServerChange extends EveryChange {
  readonly host: string;
  readonly port?: number | undefined;
  /** Undefined: TLS by the authorities of the system. */
  readonly tls?: ChangerTls | undefined;
}

export interface PostgresChange extends ServerChange {
  readonly as: 'postgres';
  /** Default `postgres`. */
  readonly database?: string | undefined;
  /** With two slots: the two roles. */
  readonly alternate?: readonly [string, string] | undefined;
}

export interface MariadbChange extends ServerChange {
  readonly as: 'mariadb';
  /** The host part of the accounts, as in `'svc'@'%'`; default `%`. */
  readonly accountHost?: string | undefined;
  /** With two slots: the two user names. */
  readonly alternate?: readonly [string, string] | undefined;
}

export interface RedisChange extends ServerChange {
  readonly as: 'redis';
  /**
   * How the change outlives a restart: `aclfile` (default) by ACL SAVE, `config` by CONFIG REWRITE; `off`: it does not.
   */
  readonly persist?: 'aclfile' | 'config' | 'off' | undefined;
}

export interface LdapChange extends EveryChange {
  readonly as: 'ldap';
  /** `ldaps://host[:port]`, or `ldap://host[:port]`, which begins with StartTLS unless `tls` is off. */
  readonly url: string;
  readonly tls?: ChangerTls | undefined;
  /**
   * DN of the account with `{{username}}` in it, such as `uid={{username}},ou=services,dc=example,dc=org`. Undefined: the
   * field of the user name holds the DN.
   */
  readonly dn?: string | undefined;
}

export const changeMethods = ['POST', 'PUT', 'PATCH'] as const;

/**
 * A call that changes the value, at the resource's own destination. Values of `fields` may hold `{{username}}`,
 * `{{current.password}}` and `{{next.password}}`; `path` may hold `{{username}}`.
 */
export interface ChangeRequest {
  readonly method: (typeof changeMethods)[number];
  /** Below the base path of the destination; no query. */
  readonly path: string;
  readonly type: 'form' | 'json';
  readonly fields: Readonly<Record<string, string>>;
  /** Statuses by which it is known that the value was changed: 200 to 299. */
  readonly expect: readonly number[];
}

export interface HttpChange extends EveryChange {
  readonly as: 'http';
  readonly slots: 'single';
  /** Made with Basic credentials of `by`; without it, with the current value as calls of the resource have it. */
  readonly request: ChangeRequest;
  /** What `reconcile` asks, with its Basic credentials; undefined: `request`, which then must not hold `current`. */
  readonly reconcileRequest?: ChangeRequest | undefined;
}

/** How the value of one credential is changed at its legacy system: `change` of a resource's `rotation` section. */
export type ChangerSettings =
  PostgresChange | MariadbChange | RedisChange | LdapChange | HttpChange;
