import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { TOPICS } from '#events';
import { TopicReader } from '../chaos/topic-reader.js';
import { OpenBaoAdmin, type TestDatabase } from '../support/index.js';
import { grantSettings, makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess, runCli } from '../support/postern-process.js';
import { Canaries, type Finding } from './canaries.js';
import { EchoingDestination } from './echoing-destination.js';
import { SECRET_KIND_NAMES, secretKind, type SecretKindName } from './secret-kinds.js';

export interface DeployedServers {
  readonly kafka: string;
  readonly openbao: string;
  readonly openbaoToken: string;
  readonly database: TestDatabase;
}

/** A resource of the deployment and what of its secret nobody may see. */
export interface DeployedResource {
  readonly id: string;
  readonly kind: SecretKindName;
  readonly secrets: readonly string[];
}

/** Kinds whose secret in Vault has another field, or one that is no text. */
const BROKEN = { 'field-missing': 'basic', 'field-no-text': 'bearer' } as const;
const CALL = {
  timeout: '5s',
  maxRequestBytes: '64KiB',
  maxResponseBytes: '1MiB',
};

/**
 * Postern as an operator runs it, in one process on real servers: a resource of every kind of injection in one
 * postern.yaml, logs at their loudest, and everything that leaves it kept.
 */
export class WatchedDeployment {
  readonly canaries = new Canaries();
  readonly resources: DeployedResource[] = [];
  readonly #left: { readonly place: string; readonly content: string }[] = [];
  readonly #run = randomUUID();
  #readers: TopicReader[] = [];

  private constructor(
    readonly destination: EchoingDestination,
    private readonly servers: DeployedServers,
    readonly folder: PosternFolder,
    readonly process: PosternProcess,
  ) {}

  static async start(servers: DeployedServers): Promise<WatchedDeployment> {
    const destination = await EchoingDestination.start();
    const folder = await makePosternFolder({ destination: `${destination.origin}/api` });
    const process = new PosternProcess({
      app: 'standalone',
      readyUrl: `${folder.adminOrigin}/readyz`,
      environment: environmentOf(folder, servers),
    });
    const deployment = new WatchedDeployment(destination, servers, folder, process);
    destination.onGiven = (given) => deployment.canaries.add('a session or token', 'secret', given);
    await deployment.#configure();
    const [readers] = await Promise.all([
      Promise.all(
        Object.values(TOPICS).map((topic) => TopicReader.start(servers.kafka, topic, '')),
      ),
      process.start(),
    ]);
    deployment.#readers = readers;
    return deployment;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#readers.map((reader) => reader.stop()));
    await this.process.stop();
    await this.destination.stop();
  }

  leaves(place: string, content: string): void {
    this.#left.push({ place, content });
  }

  leftAt(place: string): string {
    return this.#left
      .filter((one) => one.place === place)
      .map(({ content }) => content)
      .join('\n');
  }

  get findings(): readonly Finding[] {
    return this.#left.flatMap(({ place, content }) => this.canaries.in(place, content));
  }

  /** Keys of records of this run are among them; other suites share the topics. */
  hasRecordOf(text: string): boolean {
    return this.#readers.some(({ records }) => records.some(({ bytes }) => bytes.includes(text)));
  }

  /** Every row of every table, as text and as JSON; every record; the logs; what the system tells of the process. */
  async dump(): Promise<void> {
    for (const { schema, name } of await this.#tables()) {
      const rows = await this.servers.database.database.query<{ text: string; json: string }>(
        `select t::text as text, row_to_json(t)::text as json from "${schema}"."${name}" t`,
      );
      for (const { text, json } of rows) this.leaves('table', `${schema}.${name} ${text} ${json}`);
    }
    for (const { records } of this.#readers) {
      for (const record of records) {
        const { key, bytes, headers } = record;
        this.leaves('topic', [key, bytes, JSON.stringify(headers)].join('\n'));
      }
    }
    this.leaves('log', this.process.output);
    for (const pid of [this.process.pid, ...childrenOf(this.process.pid)]) {
      for (const file of ['cmdline', 'environ']) {
        this.leaves('process', readFileSync(`/proc/${pid}/${file}`, 'latin1'));
      }
    }
    const metrics = await fetch(`${this.folder.adminOrigin}/metrics`);
    this.leaves('metrics', await metrics.text());
  }

  /** What the command line prints; a handle goes to it in a file. */
  cli(args: readonly string[], handle?: string): void {
    const file = join(this.folder.folder, 'operator-handle');
    if (handle !== undefined) writeFileSync(file, handle);
    const given = handle === undefined ? [] : ['--handle-file', file];
    const { stdout, stderr } = runCli([...args, ...given], {
      environment: environmentOf(this.folder, this.servers),
    });
    this.leaves('cli', stdout + stderr);
  }

  async #tables(): Promise<readonly { readonly schema: string; readonly name: string }[]> {
    return this.servers.database.database.query(
      `select table_schema as schema, table_name as name from information_schema.tables
       where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
    );
  }

  async #configure(): Promise<void> {
    const { configFile, folder } = this.folder;
    const config = parse(readFileSync(configFile, 'utf8')) as {
      resources: readonly Record<string, unknown>[];
    };
    mkdirSync(join(folder, 'ca'));
    writeFileSync(join(folder, 'ca', 'ca.pem'), this.destination.authority.pem);
    const [ledger] = config.resources;
    const registered = [
      ...SECRET_KIND_NAMES.map((kind, index) => ({ id: `kind-${index}`, kind })),
      ...Object.entries(BROKEN).map(([id, kind]) => ({ id, kind })),
    ];
    const resources: unknown[] = [ledger];
    for (const { id, kind } of registered) {
      await this.#writeSecret(id, kind);
      resources.push({ ...ledger, ...this.#settingsOf(id, kind, resources.length) });
      const grant = grantSettings(`settler-${id}`, 'settler', id, [`${id}.use`]);
      this.folder.writeGrant({ ...grant, binding: 'none' });
    }
    writeFileSync(
      configFile,
      stringify({ ...config, resources }, { aliasDuplicateObjects: false }),
    );
  }

  #settingsOf(id: string, kind: SecretKindName, index: number): Record<string, unknown> {
    const { tls, injection } = secretKind(kind);
    const { origin, tlsOrigin } = this.destination;
    return {
      id,
      destination: `${tls === undefined ? origin : tlsOrigin}/api`,
      ...(tls && { tls: { caFile: './ca/ca.pem', serverName: 'destination.test' } }),
      credential: { ref: this.#refOf(id) },
      inject: asWritten(injection(origin)),
      presentations: ['bearer', 'dpop'],
      scopes: { [`${id}.use`]: ['GET /**', 'POST /**'] },
      call: { ...CALL, audit: index % 2 === 0 ? 'strict' : 'buffered' },
      response: { scrub: index % 3 === 0 ? 'buffer' : 'stream' },
    };
  }

  #refOf(id: string): { readonly mount: string; readonly path: string } {
    return { mount: 'secret', path: `legacy/${this.#run}/${id}` };
  }

  async #writeSecret(id: string, kind: SecretKindName): Promise<void> {
    const fields = await secretKind(kind).secret();
    const secrets = secretKind(kind).confidential(fields);
    this.canaries.add(kind, 'secret', ...secrets);
    this.resources.push({ id, kind, secrets });
    const { openbao, openbaoToken } = this.servers;
    await new OpenBaoAdmin(openbao, openbaoToken).must(
      'POST',
      `secret/data/${this.#refOf(id).path}`,
      { data: changed(id, fields) },
    );
  }
}

function changed(id: string, fields: Readonly<Record<string, string>>): Record<string, unknown> {
  const change = (named: (entry: [string, string]) => [string, unknown]) =>
    Object.fromEntries(Object.entries(fields).map(named));
  if (id === 'field-missing') return change(([name, value]) => [`x-${name}`, value]);
  if (id === 'field-no-text') return change(([name, value]) => [name, { value }]);
  return fields;
}

const environmentOf = (
  { configFile, folder }: PosternFolder,
  { kafka, openbao, openbaoToken, database }: DeployedServers,
): Readonly<Record<string, string>> => ({
  POSTERN_CONFIG: configFile,
  POSTERN_DATA_FOLDER: join(folder, 'data'),
  LOG_LEVEL: 'trace',
  DATABASE_URL: database.url,
  KAFKA_BROKERS: kafka,
  VAULT_ADDR: openbao,
  VAULT_TOKEN: openbaoToken,
});

/** `inject` as it stands in postern.yaml. */
function asWritten(
  injection: ReturnType<ReturnType<typeof secretKind>['injection']>,
): Record<string, unknown> {
  const { kind: as, ...rest } = injection;
  if (injection.kind !== 'form-login') return { as, ...rest };
  const { login, logout } = injection;
  return {
    as,
    ...rest,
    login: { ...login, page: `GET ${login.page}`, submit: `POST ${login.submit}` },
    logout: `${logout?.method} ${logout?.path}`,
  };
}

const childrenOf = (pid: number): readonly number[] =>
  readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')
      .split(' ')
      .filter((child) => child !== '')
      .map(Number),
  );
