import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { PosternClient } from '#client';
import { freePort } from './free-port.js';
import { type OpenBaoAdmin } from './openbao/openbao-admin.js';
import { openBaoAdmin } from './openbao.js';
import { makePosternFolder, type PosternFolder } from './postern-folder.js';
import { PosternProcess } from './postern-process.js';
import { testPostgres, type TestDatabase } from './postgres.js';
import { grantRotations, RotationDesk } from './rotation-desk.js';

export interface RotatedSecret {
  /** Below the mount of the deployment. */
  readonly path: string;
  readonly fields: Readonly<Record<string, string>>;
}

export interface RotationDeploymentOptions {
  /** Of `ledger`. */
  readonly destination: string;
  /** Settings of the resource `ledger`, by the mount of the deployment. */
  readonly ledger: (mount: string) => Readonly<Record<string, unknown>>;
  /** Further resources. */
  readonly others?: (mount: string) => readonly Readonly<Record<string, unknown>>[];
  readonly secrets: readonly RotatedSecret[];
  /** Privileged accounts of Postern's own, which the rotator alone may read: `postern/rotator-...`. */
  readonly accounts?: readonly RotatedSecret[];
  readonly proxies?: number;
}

export type DeployedApp = 'sts' | 'proxy' | 'control' | 'rotator';

interface Deployed {
  readonly process: PosternProcess;
  /** Where it serves callers. */
  readonly origin: string;
  readonly adminOrigin: string;
}

/**
 * STS, proxies, control and rotator as processes of their own, each with the database role and the Vault policy that are
 * shipped for it, over a real PostgreSQL and OpenBao.
 */
export class RotationDeployment {
  readonly #apps = new Map<string, Deployed>();

  private constructor(
    readonly folder: PosternFolder,
    readonly database: TestDatabase,
    readonly vault: OpenBaoAdmin,
    /** KV version 2. */
    readonly mount: string,
  ) {}

  static async start(options: RotationDeploymentOptions): Promise<RotationDeployment> {
    const vault = openBaoAdmin();
    const database = await testPostgres();
    if (database === undefined) throw new Error('there is no PostgreSQL');
    const mount = await vault.mountKv();
    const folder = await makePosternFolder({
      destination: options.destination,
      resource: options.ledger(mount),
      overrides: { rotator: { intakeKey: { mount, path: 'postern/rotator-intake' } } },
    });
    addResources(folder.configFile, options.others?.(mount) ?? []);
    grantRotations(folder);
    const deployment = new RotationDeployment(folder, database, vault, mount);
    for (const { path, fields } of [...options.secrets, ...(options.accounts ?? [])]) {
      await deployment.writeSecret(path, fields);
    }
    await deployment.#begin(options);
    return deployment;
  }

  /** What an administrator does. */
  async writeSecret(path: string, fields: Readonly<Record<string, string>>): Promise<void> {
    await this.vault.must('POST', `${this.mount}/data/${path}`, { data: fields });
  }

  async newestVersion(path: string): Promise<number> {
    const answer = await this.vault.must('GET', `${this.mount}/metadata/${path}`);
    return (answer as { data: { current_version: number } }).data.current_version;
  }

  /** The processes by name: sts, proxy-1 and so on, control, rotator. */
  of(name: string): Deployed {
    const found = this.#apps.get(name);
    if (found === undefined) throw new Error(`no process ${name} is deployed`);
    return found;
  }

  get proxies(): readonly Deployed[] {
    return [...this.#apps].filter(([name]) => name.startsWith('proxy')).map(([, app]) => app);
  }

  /** All that the processes wrote. */
  get output(): string {
    return [...this.#apps.values()].map(({ process }) => process.output).join('\n');
  }

  desk(): Promise<RotationDesk> {
    const [sts, control] = [this.of('sts').origin, this.of('control').adminOrigin];
    return RotationDesk.open(this.folder, { sts, control });
  }

  /** A handle for a resource, which is good at every proxy. */
  async handleFor(audience: string, scopes: readonly string[]): Promise<string> {
    const client = new PosternClient(this.of('sts').origin);
    const subjectToken = await this.folder.issuer.mint('settler');
    return (await client.exchange({ subjectToken, audience, scopes })).handle;
  }

  /** The events of a family that lie in the outbox, in the order of their key. */
  async eventsOf(
    family: 'rotation' | 'credential',
  ): Promise<readonly { type: string; severity: string; data: Record<string, unknown> }[]> {
    return this.database.database.query(
      `select type, payload->>'severitytext' as severity, payload->'data' as data from public.outbox
       where type like $1 order by payload->>'partitionkey', payload->>'sequence'`,
      [`dev.postern.${family}.%`],
    );
  }

  /** In order. Resolves to the exit codes by name. */
  async stop(): Promise<Readonly<Record<string, number | null>>> {
    const codes = [...this.#apps].map(
      async ([name, { process }]) => [name, await process.stop()] as const,
    );
    return Object.fromEntries(await Promise.all(codes));
  }

  async #begin(options: RotationDeploymentOptions): Promise<void> {
    const { secrets, accounts = [], proxies = 1 } = options;
    const rotated = secrets.map(({ path }) => path);
    const own = accounts.map(({ path }) => path);
    const names = ['sts', ...numbered('proxy', proxies), 'control', 'rotator'];
    for (const name of names) {
      const app = name.split('-', 1)[0] as DeployedApp;
      const needsVault = app === 'proxy' || app === 'rotator';
      const read = app === 'rotator' ? own : [];
      const vaultToken = needsVault ? await this.#vaultTokenFor(app, rotated, read) : undefined;
      this.#apps.set(name, await this.#deployed(name, app, vaultToken));
    }
    await Promise.all([...this.#apps.values()].map(({ process }) => process.start()));
  }

  async #deployed(name: string, app: DeployedApp, vaultToken?: string): Promise<Deployed> {
    const [publicPort, adminPort] = [await freePort(), await freePort()];
    const file = join(this.folder.folder, `${name}.yaml`);
    const config = parse(readFileSync(this.folder.configFile, 'utf8')) as Record<string, unknown>;
    config['listen'] = {
      public: { host: '127.0.0.1', port: publicPort },
      admin: { host: '127.0.0.1', port: adminPort },
    };
    writeFileSync(file, stringify(config, { aliasDuplicateObjects: false }));
    const adminOrigin = `http://127.0.0.1:${adminPort}`;
    const vault: Record<string, string> =
      vaultToken === undefined ? {} : { VAULT_ADDR: this.vault.address, VAULT_TOKEN: vaultToken };
    const environment = {
      POSTERN_CONFIG: file,
      DATABASE_URL: await this.database.urlAs(`postern_${app}`),
      ...vault,
    };
    const process = new PosternProcess({ app, environment, readyUrl: `${adminOrigin}/readyz` });
    return { process, adminOrigin, origin: `http://127.0.0.1:${publicPort}` };
  }

  /** A login with the policy that deploy/vault has for the process, for these paths of this mount. */
  async #vaultTokenFor(
    app: 'proxy' | 'rotator',
    rotated: readonly string[],
    read: readonly string[],
  ): Promise<string> {
    const policyOf = (name: string, path: string): string =>
      readFileSync(`deploy/vault/${name}.hcl`, 'utf8')
        .replaceAll('"secret/', `"${this.mount}/`)
        .replaceAll('legacy/ledger', path);
    const policies = [
      ...rotated.map((path) => policyOf(app, path)),
      ...read.map((path) => policyOf('proxy', path)), // As the example in rotator.hcl: data and metadata, to be read.
    ];
    const name = `${app}-${randomBytes(5).toString('hex')}`;
    for (const [index, hcl] of policies.entries()) {
      await this.vault.writePolicy(`${name}-${index}`, hcl);
    }
    const answer = await this.vault.must('POST', 'auth/token/create', {
      policies: policies.map((_, index) => `${name}-${index}`),
      no_default_policy: true,
      ttl: '4h',
    });
    return (answer as { auth: { client_token: string } }).auth.client_token;
  }
}

const numbered = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${name}-${index + 1}`);

function addResources(file: string, others: readonly Readonly<Record<string, unknown>>[]): void {
  const config = parse(readFileSync(file, 'utf8')) as { resources: Record<string, unknown>[] };
  const [ledger = {}] = config.resources;
  // What they do not say is as with the ledger, but for its rotation.
  config.resources.push(...others.map((other) => ({ ...ledger, rotation: undefined, ...other })));
  writeFileSync(file, stringify(config, { aliasDuplicateObjects: false }));
}
