import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { createClient, type RedisClientOptions } from '@redis/client';
import { type LegacyAccount, LegacyProcess } from './legacy-process.js';

const SERVER = '/usr/bin/redis-server';

export interface RedisOptions {
  /** May do everything. */
  readonly admin: LegacyAccount;
  /** Default true. Without it users stand in the configuration. */
  readonly aclFile?: boolean;
  /** PEM. With it the server speaks TLS alone. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Suites start a Redis of their own; this only tells them that they can. */
export function findRedis(): Record<string, string> {
  const found = existsSync(SERVER);
  process.stderr.write(
    found ? `redis: ${SERVER}\n` : `redis: none (no ${SERVER}; apt-get install redis-server)\n`,
  );
  return found ? { POSTERN_TEST_REDIS: SERVER } : {};
}

const digest = (password: string): string => createHash('sha256').update(password).digest('hex');

/** Debian's Redis on a loopback port, with one administrator. Users are kept in an ACL file. */
export class Redis {
  readonly host = '127.0.0.1';

  private constructor(
    readonly process: LegacyProcess,
    private readonly folder: string,
    readonly admin: LegacyAccount,
    readonly tls: { readonly ca: string } | undefined,
  ) {}

  static async start({ admin, aclFile = true, certificate }: RedisOptions): Promise<Redis> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-redis-'));
    const user = `user ${admin.username} on #${digest(admin.password)} ~* &* +@all\n`;
    const off = 'user default off\n';
    if (aclFile) writeFileSync(join(folder, 'users.acl'), off + user);
    writeFileSync(join(folder, 'redis.conf'), aclFile ? 'aclfile users.acl\n' : off + user);
    for (const [name, pem] of Object.entries(certificate ?? {})) {
      writeFileSync(join(folder, `server.${name}`), pem);
    }
    const tls = certificate && { ca: certificate.cert };
    const running = await LegacyProcess.start({
      name: 'Redis',
      folder,
      command: (port) => [
        ...[SERVER, join(folder, 'redis.conf'), '--dir', folder, '--bind', '127.0.0.1'],
        ...['--save', '', '--appendonly', 'no', '--loglevel', 'debug'],
        ...['--slowlog-log-slower-than', '0', '--slowlog-max-len', '10000'],
        ...(tls === undefined ? ['--port', String(port)] : tlsArguments(port)),
      ],
      isReady: (port) => canLogIn({ port, tls }, admin),
    });
    return new Redis(running, folder, admin, tls);
  }

  get port(): number {
    return this.process.port;
  }

  /** Everything that it keeps for people to read: its log, and its log of all commands. */
  async logs(): Promise<string> {
    return this.process.log + JSON.stringify(await this.execute('SLOWLOG', 'GET', '-1'));
  }

  /** What users are after a restart. */
  get kept(): string {
    return ['users.acl', 'redis.conf']
      .map((name) => join(this.folder, name))
      .filter((file) => existsSync(file))
      .map((file) => readFileSync(file, 'utf8'))
      .join('');
  }

  /** As the administrator; one command. */
  async execute(...command: string[]): Promise<unknown> {
    return asUser(this, this.admin, (client) => client.sendCommand(command));
  }

  /** May run PING and nothing else. */
  async createAccount({ username, password }: LegacyAccount): Promise<void> {
    await this.execute('ACL', 'SETUSER', username, 'on', `#${digest(password)}`, '+ping');
  }

  canLogIn(account: LegacyAccount): Promise<boolean> {
    return canLogIn(this, account);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

type CredentialsProvider = NonNullable<RedisClientOptions['credentialsProvider']>;

interface RedisPlace {
  readonly port: number;
  readonly tls?: { readonly ca: string } | undefined;
}

type RedisClient = ReturnType<typeof createClient>;

async function asUser<T>(
  { port, tls }: RedisPlace,
  { username, password }: LegacyAccount,
  work: (client: RedisClient) => Promise<T>,
): Promise<T> {
  const client = createClient({
    credentialsProvider: credentialsOf({ username, password }),
    ...{ RESP: 2, disableClientInfo: true, maintNotifications: 'disabled' },
    socket: {
      ...{ host: '127.0.0.1', port, reconnectStrategy: false, connectTimeout: 2_000 },
      // The administrator of a test knows its server by the port.
      ...(tls === undefined ? {} : { tls: true, rejectUnauthorized: false }),
    },
  }) as unknown as RedisClient;
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.destroy();
  }
}

const canLogIn = (place: RedisPlace, account: LegacyAccount): Promise<boolean> =>
  asUser(place, account, (client) => client.ping()).then(
    () => true,
    () => false,
  );

/** As a function: of each password among the options the driver makes a class, which takes 10 ms. */
export const credentialsOf = ({ username, password }: LegacyAccount): CredentialsProvider => ({
  type: 'async-credentials-provider',
  credentials: async () => ({ username, password }),
});

const tlsArguments = (port: number): readonly string[] => [
  ...['--port', '0', '--tls-port', String(port), '--tls-auth-clients', 'no'],
  ...['--tls-cert-file', 'server.cert', '--tls-key-file', 'server.key'],
];
