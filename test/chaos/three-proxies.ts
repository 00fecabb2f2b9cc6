import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { PostgresDatabase, PostgresHandleStore } from '#adapters/postgres';
import { EventFactory } from '#events';
import { SystemClock } from '#kernel';
import { RevokeHandles } from '#oauth';
import { openBaoAdmin, type TestDatabase, testPostgres } from '#test-support';
import { parse, stringify } from 'yaml';
import { freePort } from '../support/free-port.js';
import { makePosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { type StoredHandle, storedHandle } from '../support/stored-handle.js';
import { until } from '../support/until.js';
import { RelayProcess } from './relay-process.js';
import { StallingForwarder } from './stalling-forwarder.js';

const PROXIES = 3;
const CHUNK_EVERY_MS = 40;
const onLoopback = (port: number): Record<string, unknown> => ({ host: '127.0.0.1', port });

interface Instance {
  readonly process: PosternProcess;
  readonly origin: string;
  readonly adminOrigin: string;
}

/** What a call of a test came to. 0: no answer. */
export type Status = number;

/** Three proxies as processes, with a relay, on one PostgreSQL that can be stalled for the proxies and one Kafka. */
export class ThreeProxies {
  /** Calls that reached the destination, by the name in their path. */
  readonly reached: { readonly name: string; readonly atMs: number }[] = [];
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 });
  readonly #clock = new SystemClock();
  #backend!: Server;
  #database!: TestDatabase;
  #store!: PostgresDatabase;
  #relay!: RelayProcess;
  #revocations!: RevokeHandles;
  #postgres!: StallingForwarder;
  #instances: readonly Instance[] = [];

  static async start(brokers: string): Promise<ThreeProxies> {
    const proxies = new ThreeProxies();
    await proxies.#start(brokers);
    return proxies;
  }

  get numbers(): readonly number[] {
    return [...this.#instances.keys()];
  }

  /** The database as the proxies see it. */
  get postgres(): Pick<StallingForwarder, 'stall' | 'goOn'> {
    return this.#postgres;
  }

  issue(resource: string): Promise<StoredHandle> {
    return storedHandle(this.#store, { resource, maxCalls: 100_000 });
  }

  async revoke({ id }: StoredHandle): Promise<void> {
    await this.#revocations.revoke({
      selector: { scope: 'handle', id },
      ...{ reason: 'a test', initiator: 'admin', initiatorId: undefined },
      correlationId: 'req_test',
    });
  }

  /** What each opens with its first calls, such as connections, is no matter of what is measured. */
  async warmUp(): Promise<void> {
    const [ledger, journal] = await Promise.all([this.issue('ledger'), this.issue('journal')]);
    for (const instance of this.numbers) {
      await until('it serves', async () => {
        const calls = Array.from({ length: 20 }, () => [
          this.call(instance, 'ledger', ledger),
          this.call(instance, 'journal', journal),
        ]).flat();
        return (await Promise.all(calls)).every((status) => status === 200);
      });
    }
  }

  /** A call that ends at once. */
  call(instance: number, resource: string, { plaintext }: StoredHandle): Promise<Status> {
    return new Promise((resolve) => {
      const sent = request(
        `${this.#origin(instance)}/proxy/${resource}/accounts/short`,
        { agent: this.#agent, headers: { authorization: `Bearer ${plaintext}` } },
        (response) => {
          response.on('error', () => resolve(0)).on('end', () => resolve(response.statusCode ?? 0));
          response.resume();
        },
      );
      sent.on('error', () => resolve(0)).end();
    });
  }

  /** A call without an end. */
  stream(instance: number, resource: string, handle: StoredHandle): EndlessStream {
    const url = `${this.#origin(instance)}/proxy/${resource}/entries/endless`;
    return new EndlessStream(url, handle.plaintext);
  }

  /** What `/readyz` of each says of the check. */
  async readiness(check: string): Promise<(string | undefined)[]> {
    const bodies = await Promise.all(
      this.#instances.map(async ({ adminOrigin }) => {
        const answer = await fetch(`${adminOrigin}/readyz`);
        return (await answer.json()) as { checks: { name: string; reason?: string }[] };
      }),
    );
    return bodies.map(({ checks }) => checks.find(({ name }) => name === check)?.reason);
  }

  /** The sum of a metric over all that have it; of one with labels as the text says it. */
  async metric(name: string): Promise<number> {
    const texts = await Promise.all(
      this.#instances.map(async ({ adminOrigin }) =>
        (await fetch(`${adminOrigin}/metrics`)).text(),
      ),
    );
    const values = texts.map((text) => {
      const line = text.split('\n').find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length) ?? 0);
    });
    return values.reduce((sum, value) => sum + value, 0);
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    this.#postgres.goOn();
    await Promise.all(this.#instances.map(({ process }) => process.stop()));
    await this.#relay.end('SIGKILL');
    await this.#postgres.stop();
    this.#backend.closeAllConnections();
    this.#backend.close();
    await this.#store.close();
    await this.#database.drop();
  }

  #origin(instance: number): string {
    return this.#instances[instance % PROXIES]?.origin ?? '';
  }

  async #start(brokers: string): Promise<void> {
    this.#database = (await testPostgres(18))!;
    const url = await this.#database.urlAs('postern_sts');
    this.#store = await PostgresDatabase.connect({ url, applicationName: 'sts' });
    const clock = this.#clock;
    const origin = { clock, environment: 'dev', deployment: 'test', component: 'sts' } as const;
    const handles = new PostgresHandleStore(this.#store);
    this.#revocations = new RevokeHandles({ handles, clock, events: new EventFactory(origin) });
    const proxyUrl = await this.#database.urlAs('postern_proxy');
    this.#postgres = await StallingForwarder.start(proxyUrl);
    this.#backend = endlessBackend((name) => this.reached.push({ name, atMs: performance.now() }));
    await once(this.#backend, 'listening');
    const mount = await this.#sealed();
    const databaseUrl = this.#postgres.through(proxyUrl);
    const relayUrl = await this.#database.urlAs('postern_relay');
    this.#relay = await RelayProcess.start({ databaseUrl: relayUrl, brokers });
    this.#instances = await Promise.all(
      Array.from({ length: PROXIES }, () => this.#instance(mount, databaseUrl, brokers)),
    );
  }

  async #sealed(): Promise<string> {
    const bao = openBaoAdmin();
    const mount = await bao.mountKv();
    const data = { username: 'ledger-svc', password: 'the-ledger-password-1987' };
    await bao.must('POST', `${mount}/data/ledger`, { data });
    return mount;
  }

  /** `ledger` is recorded before each call, `journal` afterwards. */
  async #instance(mount: string, databaseUrl: string, brokers: string): Promise<Instance> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const folder = await makePosternFolder({
      destination: `http://127.0.0.1:${(this.#backend.address() as AddressInfo).port}`,
      listen: { proxy: { public: onLoopback(port), admin: onLoopback(adminPort) } },
      overrides: { prober: { off: 'the test counts calls' } },
      resource: { credential: { ref: { mount, path: 'ledger' } }, ...called('strict') },
    });
    addAnother(folder.configFile, { id: 'journal', ...called('buffered') });
    const bao = openBaoAdmin();
    const adminOrigin = `http://127.0.0.1:${adminPort}`;
    const process = new PosternProcess({
      app: 'proxy',
      environment: {
        POSTERN_CONFIG: folder.configFile,
        DATABASE_URL: databaseUrl,
        KAFKA_BROKERS: brokers,
        VAULT_ADDR: bao.address,
        VAULT_TOKEN: bao.rootToken,
      },
      readyUrl: `${adminOrigin}/readyz`,
    });
    await process.start();
    return { process, origin: `http://127.0.0.1:${port}`, adminOrigin };
  }
}

/** A resource as the first one is, but for these settings. */
function addAnother(file: string, settings: Readonly<Record<string, unknown>>): void {
  const config = parse(readFileSync(file, 'utf8')) as { resources: Record<string, unknown>[] };
  config.resources.push({ ...structuredClone(config.resources[0]), ...settings });
  writeFileSync(file, stringify(config));
}

const called = (audit: 'strict' | 'buffered'): Record<string, unknown> => ({
  handle: { ttl: '5m', maxTtl: '15m', maxCalls: 100_000, binding: 'none', maxConcurrency: 64 },
  call: { timeout: '5m', maxResponseBytes: 'unlimited', maxConcurrency: 2_000, audit },
});

/** `/entries/...` never ends; all else does at once. */
function endlessBackend(onCall: (name: string) => void): Server {
  return createServer(({ url = '' }, response) => {
    onCall(url);
    if (!url.includes('/entries/')) {
      response.end('ok');
      return;
    }
    response.writeHead(200, { 'content-type': 'text/plain' });
    const timer = setInterval(() => response.write('more '), CHUNK_EVERY_MS);
    response.on('close', () => {
      clearInterval(timer);
    });
  }).listen(0, '127.0.0.1');
}

/** What came of a call without an end. */
export class EndlessStream {
  /** Milliseconds of performance.now(). */
  lastByteAtMs = 0;
  status = 0;
  /** `postern-error` of an answer of ours. */
  error: unknown;
  bytes = 0;
  end: 'whole' | 'cut' | undefined;
  readonly #sent: ReturnType<typeof request>;

  constructor(url: string, plaintext: string) {
    const over = (end: 'whole' | 'cut') => () => void (this.end ??= end);
    const headers = { authorization: `Bearer ${plaintext}` };
    this.#sent = request(url, { agent: false, headers }, (response) => {
      this.status = response.statusCode ?? 0;
      this.error = response.headers['postern-error'];
      response.on('error', over('cut')).on('end', over('whole'));
      response.on('data', (chunk: Buffer) => {
        this.bytes += chunk.length;
        this.lastByteAtMs = performance.now();
      });
    });
    this.#sent.on('error', over('cut')).end();
  }

  abort(): void {
    this.#sent.destroy();
  }
}
