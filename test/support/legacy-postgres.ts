import {
  chmodSync,
  chownSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedPostgres } from '#adapters/embedded';
import { type LegacyAccount } from './legacy-process.js';
import { type PostgresMajor } from './postgres.js';
import { until } from './until.js';

const DEBIAN_15 = '/usr/lib/postgresql/15/bin';

export interface LegacyPostgresOptions {
  readonly major?: PostgresMajor;
  readonly settings?: Readonly<Record<string, string>>;
}

/** A PostgreSQL of a suite's own, as somebody's legacy system: it writes every statement into its log. */
export class LegacyPostgres {
  readonly host: string;
  readonly port: number;
  /** A superuser. */
  readonly admin: LegacyAccount;
  readonly database = 'postgres';

  private constructor(
    private readonly server: EmbeddedPostgres,
    private readonly folder: string,
  ) {
    const url = new URL(server.url);
    this.host = url.hostname;
    this.port = Number(url.port);
    this.admin = { username: url.username, password: url.password };
  }

  static async start({
    major = 18,
    settings,
  }: LegacyPostgresOptions = {}): Promise<LegacyPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-legacy-postgres-'));
    chmodSync(folder, 0o755); // Run by root, the server runs as another account.
    const server = await EmbeddedPostgres.start({
      folder,
      onProgress: () => undefined,
      ...(major === 15 ? { binaries: DEBIAN_15 } : {}),
      settings: {
        ...{ fsync: 'off', full_page_writes: 'off', shared_buffers: '8MB' },
        ...{ log_statement: 'all', log_connections: 'on', max_connections: '300' },
        ...settings,
      },
    });
    return new LegacyPostgres(server, folder);
  }

  /** PEM. From now on it speaks TLS with who asks for it. */
  async useCertificate({
    cert,
    key,
  }: {
    readonly cert: string;
    readonly key: string;
  }): Promise<void> {
    const [certFile, keyFile] = ['server.cert', 'server.key'].map((name) =>
      join(this.folder, name),
    );
    writeFileSync(certFile!, cert);
    writeFileSync(keyFile!, key, { mode: 0o600 });
    chownSync(keyFile!, statSync(join(this.folder, 'data')).uid, -1);
    await this.execute(`ALTER SYSTEM SET ssl_cert_file = '${certFile!}'`);
    await this.execute(`ALTER SYSTEM SET ssl_key_file = '${keyFile!}'`);
    await this.execute('ALTER SYSTEM SET ssl = on');
    await this.execute('SELECT pg_reload_conf()');
    await until('PostgreSQL speaks TLS', async () => {
      const [row] = (await this.execute('SHOW ssl')) as { ssl: string }[];
      return row?.ssl === 'on';
    });
  }

  get logs(): string {
    return readFileSync(join(this.folder, 'server.log'), 'utf8');
  }

  /** As the superuser; one statement. */
  async execute(sql: string): Promise<unknown[]> {
    const client = this.#client(this.admin);
    await client.connect();
    try {
      return (await client.query<object>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async createAccount({ username, password }: LegacyAccount): Promise<void> {
    await this.execute(
      `CREATE ROLE ${pg.escapeIdentifier(username)} LOGIN PASSWORD ${pg.escapeLiteral(password)}`,
    );
  }

  async canLogIn(account: LegacyAccount): Promise<boolean> {
    const client = this.#client(account);
    return client.connect().then(
      async () => {
        await client.end();
        return true;
      },
      () => false,
    );
  }

  async stop(): Promise<void> {
    await this.server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #client({ username, password }: LegacyAccount): pg.Client {
    const { host, port, database } = this;
    const client = new pg.Client({ host, port, database, user: username, password });
    client.on('error', () => undefined);
    return client;
  }
}
