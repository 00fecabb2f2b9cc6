import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type PostgresDatabase } from '#adapters/postgres';
import { type IssuedHandle, PosternClient } from '#client';
import { sha256 } from '#kernel';
import { deploymentName, writeGrants } from '../support/detecting-deployment.js';
import { runCli } from '../support/postern-process.js';
import { makeStandalone, type Standalone } from '../support/standalone.js';
import { EchoingLedger } from './echoing-ledger.js';
import { openDatabase } from './evidence.js';
import { must } from './step.js';

export type EnvironmentName = 'staging' | 'prod';

export interface EnvironmentOptions {
  readonly name: EnvironmentName;
  readonly brokers: string;
  /** Another one with the same public name and the same issuer: one token is good at both. */
  readonly beside?: Environment;
}

/** A detection as the admin API tells it, as far as the demo looks at it. */
export interface ToldDetection {
  readonly id: string;
  readonly rule: string;
  readonly severity: string;
  readonly evidence_event_ids: readonly string[];
}

interface ToldResponse {
  readonly action: string;
  readonly result: string;
}

// As many suites seal it: a data folder that was made for one of them is copied.
const LOGIN = { username: 'ledger-svc', password: 'the-ledger-password-1987' };
/** What a fingerprint shows of a digest. */
const FINGERPRINT_DIGITS = 32;

/** A deployment in one process, with a PostgreSQL and a legacy ledger of its own, on a Kafka that it shares. */
export class Environment {
  #operator = '';
  #database: PostgresDatabase | undefined;

  private constructor(
    readonly name: EnvironmentName,
    private readonly postern: Standalone,
    private readonly ledger: EchoingLedger,
    private readonly issuer: Standalone['issuer'],
  ) {}

  /** Starts nothing but its ledger. */
  static async make({ name, brokers, beside }: EnvironmentOptions): Promise<Environment> {
    const ledger = await EchoingLedger.start(LOGIN.username, LOGIN.password);
    const publicOrigin = beside?.postern.publicOrigin;
    const postern = await makeStandalone({
      ...LOGIN,
      destination: `${ledger.origin}/api`,
      resource: { environment: name },
      overrides: {
        ...{ environment: name, deployment: deploymentName(name) },
        ...(publicOrigin === undefined ? {} : { publicOrigin }),
      },
      environment: { KAFKA_BROKERS: brokers },
    });
    const issuer = beside?.issuer ?? postern.issuer;
    writeFileSync(join(postern.folder, 'jwks.json'), issuer.jwks);
    writeGrants(postern);
    return new Environment(name, postern, ledger, issuer);
  }

  /** Resolves when it is ready, and looked at. */
  async start(): Promise<void> {
    await this.postern.start();
    this.#database = await openDatabase(join(this.postern.folder, 'data', 'postgres'));
    const { handle } = await this.exchange(await this.mint('operator'), 'postern', ['admin.read']);
    this.#operator = handle;
  }

  async stop(): Promise<void> {
    await this.#database?.close();
    await this.postern.process.stop();
    this.ledger.stop();
  }

  /** A token that both environments take. */
  mint(subject: string): Promise<string> {
    return this.issuer.mint(subject);
  }

  exchange(
    subjectToken: string,
    audience = 'ledger',
    scopes = ['ledger.read'],
  ): Promise<IssuedHandle> {
    return this.#client.exchange({ subjectToken, audience, scopes });
  }

  /** The status of a call with the handle. */
  async call({ handle }: IssuedHandle): Promise<number> {
    const answer = await this.#client.call(handle, 'ledger', 'accounts/42');
    await answer.arrayBuffer();
    return answer.status;
  }

  /** The newest first, by `GET /admin/v1/detections`. */
  async detections(query: Readonly<Record<string, string>>): Promise<readonly ToldDetection[]> {
    const search = new URLSearchParams(query).toString();
    const page = await this.#ask<{ detections: ToldDetection[] }>(`detections?${search}`);
    return page.detections;
  }

  /** Whether a response to the newest detection of a rule is done. */
  async hasDone(action: string, rule: string): Promise<boolean> {
    const [found] = await this.detections({ rule });
    if (found === undefined) return false;
    const shown = await this.#ask<{ responses: ToldResponse[] }>(`detections/${found.id}`);
    return shown.responses.some((one) => one.action === action && one.result === 'done');
  }

  /** What `postern detections ...` prints to an operator. */
  async printed(...args: readonly string[]): Promise<readonly string[]> {
    const origins = ['--admin', this.postern.adminOrigin, '--origin', this.postern.publicOrigin];
    const { status, stdout, stderr } = runCli(
      ['detections', ...args, ...origins, '--handle-file', '-'],
      { input: this.#operator },
    );
    must(status === 0, `postern detections ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout.trimEnd().split('\n');
  }

  /** Whether its sentinel has seen all of these exchanges. */
  async hasSeen(handles: readonly IssuedHandle[]): Promise<boolean> {
    const ids = handles.map(({ handleId }) => handleId);
    const rows = await this.#query(
      'select 1 from public.evidence_exchange where handle_id = any($1)',
      ids,
    );
    return rows.length === ids.length;
  }

  /** How many of these events are its own. */
  async ownEvents(ids: readonly string[]): Promise<number> {
    const rows = await this.#query(
      `select 1 from public.outbox where payload->>'id' = any($1)`,
      ids,
    );
    return rows.length;
  }

  get #client(): PosternClient {
    return new PosternClient(this.postern.publicOrigin);
  }

  async #ask<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.postern.adminOrigin}/admin/v1/${path}`, {
      headers: { authorization: `Bearer ${this.#operator}` },
    });
    must(answer.ok, `the admin API of ${this.name} answered ${answer.status}`);
    return (await answer.json()) as T;
  }

  async #query(statement: string, ids: readonly string[]): Promise<readonly unknown[]> {
    return (await this.#database?.query(statement, [ids])) ?? [];
  }
}

/** What a detection names a handle by, in an environment that does not have it: `handle_fp` of its events. */
export const entityOf = ({ handle }: IssuedHandle): string =>
  `fp:${sha256(handle).slice(0, FINGERPRINT_DIGITS)}`;
