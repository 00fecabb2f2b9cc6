import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Attribute, Change, Client } from 'ldapts';
import { type LegacyAccount, LegacyProcess } from './legacy-process.js';

const SERVER = '/usr/sbin/slapd';
const LOADER = '/usr/sbin/slapadd';
const MODULES = '/usr/lib/ldap';
const SCHEMAS = '/etc/ldap/schema';

export const LDAP_SUFFIX = 'dc=example,dc=org';
export const LDAP_SERVICES = `ou=services,${LDAP_SUFFIX}`;
/** May change the passwords of services, and nothing else. Its password is that of the options. */
export const LDAP_CHANGER = `cn=changer,${LDAP_SUFFIX}`;
const ROOT = `cn=root,${LDAP_SUFFIX}`;

export interface SlapdOptions {
  /** Of the root DN, and of LDAP_CHANGER. */
  readonly adminPassword: string;
  /** PEM. With it StartTLS works. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** With the certificate: the port speaks TLS from the start. */
  readonly ldaps?: boolean;
}

/** Suites start a slapd of their own; this only tells them that they can. */
export function findSlapd(): Record<string, string> {
  const found = existsSync(SERVER) && existsSync(join(SCHEMAS, 'core.schema'));
  process.stderr.write(
    found ? `slapd: ${SERVER}\n` : `slapd: none (no ${SERVER}; apt-get install slapd)\n`,
  );
  return found ? { POSTERN_TEST_SLAPD: SERVER } : {};
}

/** Debian's OpenLDAP on a loopback port: services below `ou=services`, each with a password that it may change itself. */
export class Slapd {
  readonly host = '127.0.0.1';

  private constructor(
    readonly process: LegacyProcess,
    private readonly adminPassword: string,
    private readonly scheme: 'ldap' | 'ldaps',
  ) {}

  static async start(options: SlapdOptions): Promise<Slapd> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-slapd-'));
    mkdirSync(join(folder, 'data'));
    for (const [name, pem] of Object.entries(options.certificate ?? {})) {
      writeFileSync(join(folder, `server.${name}`), pem);
    }
    const file = join(folder, 'slapd.conf');
    writeFileSync(file, configuration(folder, options));
    const { status, stderr } = spawnSync(LOADER, ['-f', file], {
      input: entries(options.adminPassword),
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`slapadd: ${stderr}`);
    const scheme = options.ldaps === true ? 'ldaps' : 'ldap';
    const running = await LegacyProcess.start({
      name: 'slapd',
      folder,
      command: (port) => [
        ...[SERVER, '-f', file, '-h', `${scheme}://127.0.0.1:${port}/`, '-d', 'stats,stats2,args'],
      ],
      isReady: (port) => isListening(`${scheme}://127.0.0.1:${port}`),
    });
    return new Slapd(running, options.adminPassword, scheme);
  }

  get port(): number {
    return this.process.port;
  }

  get url(): string {
    return `${this.scheme}://${this.host}:${this.port}`;
  }

  get logs(): string {
    return this.process.log;
  }

  dnOf(username: string): string {
    return `uid=${username},${LDAP_SERVICES}`;
  }

  /** As the root DN. */
  async asRoot<T>(work: (client: Client) => Promise<T>): Promise<T> {
    const client = clientOf(this.url);
    try {
      await client.bind(ROOT, this.adminPassword);
      return await work(client);
    } finally {
      await client.unbind();
    }
  }

  /** A service; `dn` where the user name does not stand in one as it is. */
  async createAccount(
    { username, password }: LegacyAccount,
    dn = this.dnOf(username),
  ): Promise<void> {
    await this.asRoot((client) =>
      client.add(dn, {
        objectClass: ['account', 'simpleSecurityObject'],
        uid: username,
        userPassword: password,
      }),
    );
  }

  /** The only one from now on. */
  async setPassword(dn: string, password: string): Promise<void> {
    const modification = new Attribute({ type: 'userPassword', values: [password] });
    await this.asRoot((client) =>
      client.modify(dn, new Change({ operation: 'replace', modification })),
    );
  }

  /** Values of `userPassword`, as they are kept. */
  async kept(dn: string): Promise<readonly string[]> {
    const { searchEntries } = await this.asRoot((client) =>
      client.search(dn, { scope: 'base', attributes: ['userPassword'] }),
    );
    const value = searchEntries[0]?.['userPassword'] ?? [];
    return [value].flat().map(String);
  }

  async canLogIn(
    { username, password }: LegacyAccount,
    dn = this.dnOf(username),
  ): Promise<boolean> {
    const client = clientOf(this.url);
    const ok = await client.bind(dn, password).then(
      () => true,
      () => false,
    );
    await client.unbind();
    return ok;
  }

  stop(): Promise<void> {
    return this.process.stop();
  }
}

// The administrator of a test knows its server by the port.
const clientOf = (url: string): Client =>
  new Client({
    ...{ url, timeout: 5_000, connectTimeout: 2_000 },
    ...(url.startsWith('ldaps') ? { tlsOptions: { rejectUnauthorized: false } } : {}),
  });

async function isListening(url: string): Promise<boolean> {
  const client = clientOf(url);
  const ok = await client.bind('', '').then(
    () => true,
    () => false,
  );
  await client.unbind();
  return ok;
}

const configuration = (folder: string, { adminPassword, certificate }: SlapdOptions): string => `
include ${SCHEMAS}/core.schema
include ${SCHEMAS}/cosine.schema
modulepath ${MODULES}
moduleload back_mdb
pidfile ${folder}/pid
argsfile ${folder}/args
${certificate === undefined ? '' : `TLSCertificateFile ${folder}/server.cert\nTLSCertificateKeyFile ${folder}/server.key`}
database mdb
maxsize 10485760
dbnosync
suffix "${LDAP_SUFFIX}"
rootdn "${ROOT}"
rootpw ${adminPassword}
directory ${folder}/data
access to dn.subtree="${LDAP_SERVICES}" attrs=userPassword
  by self write
  by dn.exact="${LDAP_CHANGER}" write
  by anonymous auth
access to attrs=userPassword by anonymous auth
access to * by * read
`;

const entries = (adminPassword: string): string => `dn: ${LDAP_SUFFIX}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ${LDAP_SERVICES}
objectClass: organizationalUnit
ou: services

dn: ${LDAP_CHANGER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: changer
userPassword: ${adminPassword}
`;
