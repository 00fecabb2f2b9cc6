import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { type LegacyAccount, LegacyProcess } from './legacy-process.js';

const SERVER = '/usr/sbin/mariadbd';
const SQL = '/usr/share/mysql';
/** The server does not run as root unless it is told to, and finds its messages beside its scripts. */
const EVERY_RUN = [
  ...['--no-defaults', `--lc-messages-dir=${SQL}`],
  ...(process.getuid?.() === 0 ? ['--user=root'] : []),
  ...['--innodb-log-file-size=4M', '--innodb-buffer-pool-size=8M', '--innodb-doublewrite=0'],
  ...['--innodb-data-file-path=ibdata1:4M:autoextend', '--innodb-flush-log-at-trx-commit=0'],
  ...['--innodb-temp-data-file-path=ibtmp1:4M:autoextend'],
];

export interface MariaDbOptions {
  /** May do everything, from every host. */
  readonly admin: LegacyAccount;
  /** PEM. Without it the server speaks no TLS. */
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Suites start a MariaDB of their own; this only tells them that they can. */
export function findMariaDb(): Record<string, string> {
  const found = existsSync(SERVER) && existsSync(join(SQL, 'mysql_system_tables.sql'));
  process.stderr.write(
    found
      ? `mariadb: ${SERVER}\n`
      : `mariadb: none (no ${SERVER}; apt-get install mariadb-server-core)\n`,
  );
  return found ? { POSTERN_TEST_MARIADB: SERVER } : {};
}

/** Debian's MariaDB on a loopback port, which writes every statement into its general log. About two seconds to start. */
export class MariaDb {
  readonly host = '127.0.0.1';

  private constructor(
    readonly process: LegacyProcess,
    private readonly folder: string,
    readonly admin: LegacyAccount,
  ) {}

  static async start({ admin, certificate }: MariaDbOptions): Promise<MariaDb> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-mariadb-'));
    for (const name of ['data', 'tmp']) mkdirSync(join(folder, name));
    await bootstrap(folder, admin);
    const running = await LegacyProcess.start({
      name: 'MariaDB',
      folder,
      command: (port) => [
        SERVER,
        ...EVERY_RUN,
        ...[...placesIn(folder), `--pid-file=${join(folder, 'pid')}`],
        ...['--bind-address=127.0.0.1', `--port=${port}`, `--socket=${join(folder, 'socket')}`],
        ...['--skip-name-resolve', '--max-connect-errors=1000000', '--max-connections=400'],
        ...['--general-log=1', `--general-log-file=${join(folder, 'general.log')}`],
        ...tlsArguments(folder, certificate),
      ],
      isReady: (port) => canLogIn(port, admin),
    });
    return new MariaDb(running, folder, admin);
  }

  get port(): number {
    return this.process.port;
  }

  /** Everything that it wrote for people to read: its errors, and all statements. */
  get logs(): string {
    return this.process.log + readFileSync(join(this.folder, 'general.log'), 'utf8');
  }

  /** As the administrator; one statement. */
  async execute(sql: string): Promise<RowDataPacket[]> {
    const { port, host, admin } = this;
    const connection = await createConnection({
      ...{ host, port, user: admin.username, password: admin.password },
    });
    const [rows] = await connection.query<RowDataPacket[]>(sql);
    connection.destroy();
    return rows;
  }

  /** An account that may log in from everywhere, and nothing else. */
  async createAccount({ username, password }: LegacyAccount): Promise<void> {
    const name = `\`${username.replaceAll('`', '``')}\`@\`%\``;
    await this.execute(`CREATE OR REPLACE USER ${name} IDENTIFIED BY ${quoted(password)}`);
  }

  canLogIn(account: LegacyAccount): Promise<boolean> {
    return canLogIn(this.port, account);
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

async function canLogIn(port: number, { username, password }: LegacyAccount): Promise<boolean> {
  return createConnection({ host: '127.0.0.1', port, user: username, password }).then(
    (connection) => {
      connection.destroy();
      return true;
    },
    () => false,
  );
}

/** Names of temporary tables are no names of one server alone: two in one folder take each other's away. */
const placesIn = (folder: string): readonly string[] => [
  `--datadir=${join(folder, 'data')}`,
  `--tmpdir=${join(folder, 'tmp')}`,
];

/** The system tables, and one administrator: a statement a line, as bootstrapping wants it. */
async function bootstrap(folder: string, admin: LegacyAccount): Promise<void> {
  const tables = ['mysql_system_tables.sql', 'mysql_system_tables_data.sql'].map((file) =>
    readFileSync(join(SQL, file), 'utf8'),
  );
  const name = `${quoted(admin.username)}@'%'`;
  const statements = [
    ...['create database mysql;', 'use mysql;', 'set @auth_root_socket = null;'],
    ...[...tables, 'flush privileges;'],
    `create user ${name} identified by ${quoted(admin.password)};`,
    `grant all on *.* to ${name} with grant option;`,
  ];
  const child = spawn(SERVER, [...EVERY_RUN, ...placesIn(folder), '--bootstrap'], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.end(`${statements.join('\n')}\n`);
  const [said, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`MariaDB made no system tables: ${said.slice(-1_000)}`);
}

const quoted = (value: string): string =>
  `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

function tlsArguments(folder: string, pair: MariaDbOptions['certificate']): readonly string[] {
  if (pair === undefined) return ['--skip-ssl'];
  const [cert, secret] = [join(folder, 'server.pem'), join(folder, 'server.key')];
  writeFileSync(cert, pair.cert);
  writeFileSync(secret, pair.key);
  chmodSync(secret, 0o600);
  return [`--ssl-cert=${cert}`, `--ssl-key=${secret}`];
}
