import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { compileRotations } from '#adapters/files';
import { PostgresCredentialBook, PostgresRotationStore } from '#adapters/postgres';
import { EventFactory } from '#events';
import { randomId, SystemClock } from '#kernel';
import { loadConfig } from '#platform';
import { type RequestOutcome, RequestRotation, type Rotation } from '#rotation';
import {
  type LegacyAccount,
  type OpenBaoAdmin,
  openBaoAdmin,
  type TestDatabase,
  testPostgres,
} from '#test-support';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { storedHandle } from '../support/stored-handle.js';
import { freePort } from '../support/free-port.js';
import { type LegacySystem } from './legacy-systems.js';

/** From the request of a rotation until it is given up. */
export const ROTATION_DEADLINE_MS = 60_000;
const CALLS_MAX = 10_000_000;
const CONCURRENCY_MAX = 64;
const INTAKE = 'postern/rotator-intake';

type App = 'proxy' | 'rotator';

/** A process that may be killed; nobody sends calls to it from then until it is ready again. */
export interface Victim {
  readonly name: string;
  readonly process: PosternProcess;
  /** Where it takes calls. */
  readonly origin: string;
  /** When it was killed, and when it was ready again; milliseconds of performance.now(). */
  readonly outages: { readonly fromMs: number; untilMs: number }[];
}

/** What is in a row of a credential. */
export interface CredentialRow {
  readonly resource: string;
  readonly gate: string;
  readonly state: string;
  readonly current_version: number;
}

const legacyPath = (name: string): string => `legacy/${name}`;
const adminPath = (name: string): string => `postern/rotator-${name}-admin`;

/** Two proxies and two rotators as processes, on a real PostgreSQL and OpenBao, with the policies that are shipped. */
export class RotatingWorld {
  readonly proxies: Victim[] = [];
  readonly rotators: Victim[] = [];
  readonly #clock = new SystemClock();
  #folder!: PosternFolder;
  #desk!: RequestRotation;
  #rotations!: PostgresRotationStore;

  private constructor(
    readonly systems: readonly LegacySystem[],
    readonly database: TestDatabase,
    readonly vault: OpenBaoAdmin,
    /** KV version 2. */
    readonly mount: string,
  ) {}

  static async start(systems: readonly LegacySystem[]): Promise<RotatingWorld> {
    const vault = openBaoAdmin();
    const [mount, database] = await Promise.all([vault.mountKv(), testPostgres()]);
    const world = new RotatingWorld(systems, database!, vault, mount);
    world.#folder = await makePosternFolder({
      destination: 'http://127.0.0.1:1',
      overrides: {
        prober: { off: 'the test counts calls' },
        rotator: { intakeKey: { mount, path: INTAKE } },
      },
    });
    await world.#fillVault();
    world.#register();
    world.#openDesk();
    await world.#startProcesses();
    return world;
  }

  /** Everything that may be killed. */
  get victims(): readonly Victim[] {
    return [...this.proxies, ...this.rotators];
  }

  /** All that the processes ever wrote. */
  get output(): string {
    return this.victims.map(({ process }) => process.output).join('\n');
  }

  /** The plaintext of a handle for that resource. */
  async handleFor(resource: string): Promise<string> {
    const { database } = this.database;
    return (await storedHandle(database, { resource, maxCalls: CALLS_MAX })).plaintext;
  }

  /** Asks for a new value that Postern makes. */
  async request(resource: string): Promise<RequestOutcome> {
    return this.#desk.request({
      ...{ resource, origin: 'generated', trigger: 'admin' },
      ...{ initiatorId: 'sub_operator', reason: 'a chaos test', correlationId: randomId('req') },
    });
  }

  async rotation(id: string): Promise<Rotation | undefined> {
    return (await this.#rotations.list({ id, limit: 1 }))[0];
  }

  /** All that were ever asked for, the newest first. */
  async rotations(resource: string): Promise<readonly Rotation[]> {
    return this.#rotations.list({ resource, limit: 500 });
  }

  async credentials(): Promise<readonly CredentialRow[]> {
    return this.database.database.query(
      'select resource, gate, state, current_version from public.credential order by resource',
    );
  }

  async newestVersion(resource: string): Promise<number> {
    const answer = await this.vault.must('GET', `${this.mount}/metadata/${legacyPath(resource)}`);
    return (answer as { data: { current_version: number } }).data.current_version;
  }

  /** What one version holds; undefined when there is none, or none any more. */
  async account(resource: string, version: number): Promise<LegacyAccount | undefined> {
    return this.#accountAt(`${legacyPath(resource)}?version=${version}`);
  }

  /** The value that a rotation means to make current, as long as it lies there. */
  async pendingAccount({ ref, id }: Rotation): Promise<LegacyAccount | undefined> {
    return this.#accountAt(`${ref.path}.pending/${id}`);
  }

  /** kill -9, and a new start at once. Resolves when it is ready. */
  async killAndRestart(victim: Victim): Promise<void> {
    const outage = { fromMs: performance.now(), untilMs: Infinity };
    victim.outages.push(outage);
    await victim.process.kill();
    await victim.process.start();
    outage.untilMs = performance.now();
  }

  async stop(): Promise<void> {
    await Promise.all(this.victims.map(({ process }) => process.stop()));
    await this.database.drop();
  }

  async #accountAt(path: string): Promise<LegacyAccount | undefined> {
    const { status, body } = await this.vault.ask('GET', `${this.mount}/data/${path}`);
    return status === 200 ? (body as { data: { data: LegacyAccount } }).data.data : undefined;
  }

  async #fillVault(): Promise<void> {
    const { mount } = this;
    const put = (path: string, data: object): Promise<unknown> =>
      this.vault.must('POST', `${mount}/data/${path}`, { data });
    await Promise.all(
      this.systems.flatMap(({ name, account, by }) => [
        put(legacyPath(name), account),
        ...(by === undefined ? [] : [put(adminPath(name), by)]),
      ]),
    );
  }

  /** Each system is a resource of its own, in one postern.yaml for all processes. */
  #register(): void {
    const { configFile } = this.#folder;
    const config = parse(readFileSync(configFile, 'utf8')) as { resources: object[] };
    const [ledger] = config.resources;
    config.resources = this.systems.map((system) => ({ ...ledger, ...this.#resource(system) }));
    writeFileSync(configFile, stringify(config, { aliasDuplicateObjects: false }));
  }

  #resource({ name, destination, rotation }: LegacySystem): Record<string, unknown> {
    const { mount } = this;
    return {
      ...{ id: name, destination },
      credential: { ref: { mount, path: legacyPath(name) } },
      handle: {
        ...{ ttl: '5m', maxTtl: '15m', maxCalls: CALLS_MAX, binding: 'none' },
        maxConcurrency: CONCURRENCY_MAX,
      },
      rotation: {
        ...rotation({ mount, path: adminPath(name) }),
        verify: ['GET /accounts/42'],
        ...{ deadline: `${ROTATION_DEADLINE_MS / 1_000}s`, observe: '1s', drain: '10s' },
        // What a killed rotator had reserved counts as failed: here they die more often than anywhere.
        lockout: { failures: 6, per: '10s' },
      },
    };
  }

  #openDesk(): void {
    const { database } = this.database;
    const store = new PostgresRotationStore(database);
    const clock = this.#clock;
    const origin = { clock, environment: 'dev', deployment: 'test', component: 'control' } as const;
    this.#rotations = store;
    this.#desk = new RequestRotation({
      ...{ store, clock, book: new PostgresCredentialBook(database) },
      terms: compileRotations(loadConfig(this.#folder.configFile)),
      events: new EventFactory(origin),
    });
  }

  async #startProcesses(): Promise<void> {
    const [proxy, rotator] = await Promise.all([
      this.#vaultTokenFor('proxy'),
      this.#vaultTokenFor('rotator'),
    ]);
    for (const name of ['1', '2']) {
      this.proxies.push(await this.#victim('proxy', name, proxy));
      this.rotators.push(await this.#victim('rotator', name, rotator));
    }
    await Promise.all(this.victims.map(({ process }) => process.start()));
  }

  async #victim(app: App, number: string, vaultToken: string): Promise<Victim> {
    const [publicPort, adminPort] = [await freePort(), await freePort()];
    const name = `${app}-${number}`;
    const file = join(this.#folder.folder, `${name}.yaml`);
    const config = parse(readFileSync(this.#folder.configFile, 'utf8')) as Record<string, unknown>;
    config['listen'] = {
      public: { host: '127.0.0.1', port: publicPort },
      admin: { host: '127.0.0.1', port: adminPort },
    };
    writeFileSync(file, stringify(config, { aliasDuplicateObjects: false }));
    const process = new PosternProcess({
      app,
      environment: {
        POSTERN_CONFIG: file,
        DATABASE_URL: await this.database.urlAs(`postern_${app}`),
        VAULT_ADDR: this.vault.address,
        VAULT_TOKEN: vaultToken,
      },
      readyUrl: `http://127.0.0.1:${adminPort}/readyz`,
    });
    return { name, process, origin: `http://127.0.0.1:${publicPort}`, outages: [] };
  }

  /** A login with the policy that deploy/vault has for the process, once for each credential. */
  async #vaultTokenFor(app: App): Promise<string> {
    const { mount } = this;
    const shipped = readFileSync(`deploy/vault/${app}.hcl`, 'utf8');
    const rules = this.systems.flatMap(({ name, by }) => [
      shipped.replaceAll('"secret/', `"${mount}/`).replaceAll('legacy/ledger', legacyPath(name)),
      ...(by === undefined || app === 'proxy' ? [] : [mayRead(mount, adminPath(name))]),
    ]);
    const name = `${app}-${randomBytes(5).toString('hex')}`;
    const policies = rules.map((_, index) => `${name}-${index}`);
    for (const [index, rule] of rules.entries()) {
      await this.vault.writePolicy(policies[index]!, rule);
    }
    const answer = await this.vault.must('POST', 'auth/token/create', {
      ...{ policies, ttl: '4h', no_parent: true, no_default_policy: true },
    });
    return (answer as { auth: { client_token: string } }).auth.client_token;
  }
}

const mayRead = (mount: string, path: string): string =>
  `path "${mount}/data/${path}" { capabilities = ["read"] }
path "${mount}/metadata/${path}" { capabilities = ["read"] }`;
