import { createHash } from 'node:crypto';
import { createClient, ErrorReply, type RedisClientOptions } from '@redis/client';
import { type Secret } from '#kernel';
import { ChangeRefused, TargetUnreachable } from '#rotation';
import { type Account, type Login } from './account.js';
import { type RedisChange } from './changer-settings.js';
import { driverFailure, type ServerDialect } from './driver-failure.js';
import { type ServerTls, tlsOptions } from './server-tls.js';
import { type TwoValueAccounts } from './two-value-changer.js';
import { assertInTime, CONNECT_MS_MAX, cutAtLimit, STATEMENT_MS_MAX } from './within-limit.js';

export interface RedisPlace {
  readonly host: string;
  readonly port: number;
  readonly persist: NonNullable<RedisChange['persist']>;
  readonly tls: ServerTls | undefined;
}

type CredentialsProvider = NonNullable<RedisClientOptions['credentialsProvider']>;
type Send = (...command: string[]) => Promise<unknown>;

const PERSIST: Readonly<Record<RedisPlace['persist'], readonly string[] | undefined>> = {
  aclfile: ['ACL', 'SAVE'],
  config: ['CONFIG', 'REWRITE'],
  off: undefined,
};

/**
 * ACL users of one Redis server (6 or later). Passwords go over as SHA-256 digests, which is what Redis keeps. What is
 * changed is written down by the server, so that a restart does not bring the old password back; that it can be is tried
 * before anything is changed.
 */
export class RedisAccounts implements TwoValueAccounts {
  readonly #dialect: ServerDialect;

  constructor(private readonly place: RedisPlace) {
    this.#dialect = {
      where: `Redis at ${place.host}:${place.port}`,
      refusalOf,
      prefix: 'redis',
      isPassing: (code) => PASSING.has(code),
    };
  }

  setOnly(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    return this.#change(account, ['resetpass'], { by, signal });
  }

  add(account: Account, by: Login, signal: AbortSignal): Promise<void> {
    return this.#change(account, [], { by, signal });
  }

  /** SETUSER applies its rules in their order, all or none, and would make a user that is not there. */
  #change(
    { username, password }: Account,
    before: readonly string[],
    { by, signal }: { readonly by: Login; readonly signal: AbortSignal },
  ): Promise<void> {
    return this.#as(by, signal, async (send) => {
      if ((await send('ACL', 'GETUSER', username)) === null) {
        throw new ChangeRefused('redis_no_user', `${this.#dialect.where} has no such user`);
      }
      const persist = PERSIST[this.place.persist];
      if (persist !== undefined) await send(...persist);
      await send('ACL', 'SETUSER', username, ...before, `#${digestOf(password)}`);
      if (persist !== undefined) await this.#kept(send(...persist));
    });
  }

  /** It worked a moment ago; the value is changed by now, and which one works after a restart is not known. */
  async #kept(persisted: Promise<unknown>): Promise<void> {
    await persisted.catch((error: unknown) => {
      const code = refusalOf(error) ?? 'no answer';
      throw new TargetUnreachable(
        `${this.#dialect.where} changed the value, and did not write it down: ${code}`,
      );
    });
  }

  async #as(by: Login, signal: AbortSignal, work: (send: Send) => Promise<void>): Promise<void> {
    const { host, port, tls } = this.place;
    const client = createClient({
      credentialsProvider: credentialsOf(by),
      RESP: 2,
      disableClientInfo: true,
      disableOfflineQueue: true,
      maintNotifications: 'disabled',
      socket: {
        host,
        port,
        connectTimeout: CONNECT_MS_MAX,
        socketTimeout: STATEMENT_MS_MAX,
        reconnectStrategy: false,
        ...(tls === undefined ? {} : { tls: true, ...tlsOptions(tls) }),
      },
    });
    client.on('error', () => undefined); // The command fails too, and tells.
    try {
      cutAtLimit(client, signal);
      await client.connect();
      await work((...command) => {
        assertInTime(signal);
        return client.sendCommand(command);
      });
    } catch (error) {
      throw driverFailure(error, this.#dialect);
    } finally {
      client.destroy();
    }
  }
}

/**
 * The driver keeps the options of the client that it made last, as JSON, and makes a class for each that differs: what a
 * function gives is not among them.
 */
const credentialsOf = ({ username, password }: Login): CredentialsProvider => ({
  type: 'async-credentials-provider',
  credentials: async () => ({ username, password: password.reveal() }),
});

const digestOf = (password: Secret): string =>
  createHash('sha256').update(password.reveal()).digest('hex');

/** The first word of an error reply is its code. */
const CODE = /^[A-Z]{2,32}(?= |$)/;

const refusalOf = (error: unknown): string | undefined =>
  error instanceof ErrorReply ? (CODE.exec(error.message)?.[0] ?? 'ERR') : undefined;

/** It reads its data, runs a script, has lost its master, or takes no more clients. */
const PASSING: ReadonlySet<string> = new Set(['LOADING', 'BUSY', 'MASTERDOWN', 'TRYAGAIN']);
