import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { PosternClient } from '#client';
import { freePort } from './free-port.js';
import { openBaoAdmin } from './openbao.js';
import { grantSettings, makePosternFolder, type PosternFolder } from './postern-folder.js';
import { PosternProcess } from './postern-process.js';
import { testPostgres, type TestDatabase } from './postgres.js';

const APPS = ['sts', 'proxy', 'control', 'relay', 'sentinel'] as const;
export type DetectingApp = (typeof APPS)[number];
/** In prod a review is at most 90 days ahead. */
const REVIEW_DAYS = 60;

export interface DetectingDeploymentOptions {
  readonly environment: string;
  readonly deployment: string;
  readonly brokers: string;
  /** Another one with the same public name and the same issuer: one token is good at both. */
  readonly beside?: DetectingDeployment;
  /** `detection:` of postern.yaml. */
  readonly detection?: Readonly<Record<string, unknown>>;
}

interface Deployed {
  readonly process: PosternProcess;
  readonly origin: string;
  readonly adminOrigin: string;
}

/** STS, proxy, control, relay and sentinel as processes of their own, on a database of their own and one Kafka. */
export class DetectingDeployment {
  readonly #apps = new Map<DetectingApp, Deployed>();

  private constructor(
    readonly folder: PosternFolder,
    readonly database: TestDatabase,
    private readonly options: DetectingDeploymentOptions,
  ) {}

  static async start(options: DetectingDeploymentOptions): Promise<DetectingDeployment> {
    const { environment, deployment, beside, detection = {} } = options;
    const origin = beside?.folder.publicOrigin;
    const mount = await openBaoAdmin().mountKv();
    const folder = await makePosternFolder({
      destination: 'http://127.0.0.1:9',
      resource: { environment, credential: { ref: { mount, path: 'ledger' } } },
      overrides: {
        ...{ environment, deployment, detection },
        prober: { off: 'the test counts denials' },
        ...(origin === undefined ? {} : { publicOrigin: origin }),
      },
    });
    if (beside !== undefined) {
      writeFileSync(join(folder.folder, 'jwks.json'), beside.folder.issuer.jwks);
    }
    writeGrants(folder);
    const database = await testPostgres(18);
    if (database === undefined) throw new Error('there is no PostgreSQL');
    const started = new DetectingDeployment(folder, database, options);
    for (const app of APPS) await started.#deploy(app);
    await Promise.all(APPS.map((app) => started.of(app).process.start()));
    return started;
  }

  of(app: DetectingApp): Deployed {
    const found = this.#apps.get(app);
    if (found === undefined) throw new Error(`no process ${app} is deployed`);
    return found;
  }

  /** As its events name it. */
  get name(): string {
    return this.options.deployment;
  }

  get output(): string {
    return [...this.#apps.values()].map(({ process }) => process.output).join('\n');
  }

  exchange(
    subjectToken: string,
    audience = 'ledger',
    scopes?: readonly string[],
  ): ReturnType<PosternClient['exchange']> {
    const client = new PosternClient(this.of('sts').origin);
    return client.exchange({ subjectToken, audience, ...(scopes === undefined ? {} : { scopes }) });
  }

  /** The status of a call with a handle. */
  async call(handle: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const answer = await fetch(`${this.of('proxy').origin}/proxy/ledger/accounts/42`, {
      headers: { authorization: `Bearer ${handle}`, ...headers },
    });
    await answer.arrayBuffer();
    return answer.status;
  }

  async statusOf(handleId: string): Promise<string | undefined> {
    const [row] = await this.database.database.query<{ status: string }>(
      'select status from public.handle where id = $1',
      [handleId],
    );
    return row?.status;
  }

  /** `subject_id` of the workload that a handle was issued to. */
  async subjectOf(handleId: string): Promise<string | undefined> {
    const [row] = await this.database.database.query<{ id: string }>(
      'select subject_id as id from public.handle where id = $1',
      [handleId],
    );
    return row?.id;
  }

  /** Whether a suspension of the grant stands. */
  async isGrantSuspended(id: string): Promise<boolean> {
    const rows = await this.database.database.query(
      'select 1 from public.suspension where target = $1',
      [`grant:${id}`],
    );
    return rows.length > 0;
  }

  /** Detections of a rule, the newest first. */
  detections(rule: string): Promise<readonly FoundDetection[]> {
    return this.database.database.query<FoundDetection>(
      `select id, severity, entity_id as "entityId", evidence::text[] as evidence, raised_at as "raisedAt", mode
       from public.detection where rule = $1 order by raised_at desc`,
      [rule],
    );
  }

  /** Events of a type in the outbox. */
  events(type: string): Promise<readonly { readonly id: string; readonly data: never }[]> {
    return this.database.database.query(
      `select payload->>'id' as id, payload->'data' as data from public.outbox where type = $1 order by seq`,
      [`dev.postern.${type}.v1`],
    );
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#apps.values()].map(({ process }) => process.stop()));
    await this.database.drop();
  }

  async #deploy(app: DetectingApp): Promise<void> {
    const [publicPort, adminPort] = [await freePort(), await freePort()];
    const file = join(this.folder.folder, `${app}.yaml`);
    const config = parse(readFileSync(this.folder.configFile, 'utf8')) as Record<string, unknown>;
    const host = '127.0.0.1';
    config['listen'] = { public: { host, port: publicPort }, admin: { host, port: adminPort } };
    writeFileSync(file, stringify(config, { aliasDuplicateObjects: false }));
    const adminOrigin = `http://${host}:${adminPort}`;
    const bao = openBaoAdmin();
    const environment = {
      POSTERN_CONFIG: file,
      DATABASE_URL: await this.database.urlAs(`postern_${app}`),
      ...(app === 'sts' || app === 'control' ? {} : { KAFKA_BROKERS: this.options.brokers }),
      ...(app === 'proxy' ? { VAULT_ADDR: bao.address, VAULT_TOKEN: bao.rootToken } : {}),
    };
    const process = new PosternProcess({ app, environment, readyUrl: `${adminOrigin}/readyz` });
    this.#apps.set(app, { process, adminOrigin, origin: `http://${host}:${publicPort}` });
  }
}

export interface FoundDetection {
  readonly id: string;
  readonly severity: string;
  readonly entityId: string;
  readonly evidence: readonly string[];
  readonly raisedAt: Date;
  readonly mode: string;
}

/** Of each subject one grant, so that what befalls the grant of one says nothing of the other. */
export function writeGrants(folder: Pick<PosternFolder, 'writeGrant'>): void {
  const day = 86_400_000;
  const reviewBy = new Date(Date.now() + REVIEW_DAYS * day).toISOString().slice(0, 10);
  for (const subject of ['settler', 'clerk']) {
    const grant = grantSettings(`${subject}-ledger`, subject, 'ledger', ['ledger.read']);
    folder.writeGrant({ ...grant, reviewBy });
  }
  const scopes = ['introspect', 'admin.read', 'admin.revoke'];
  const operator = grantSettings('operator-postern', 'operator', 'postern', scopes);
  folder.writeGrant({ ...operator, reviewBy });
}

/** A name that no other run has. */
export const deploymentName = (environment: string): string =>
  `${environment}-${randomUUID().slice(0, 8)}`;
