import { readFileSync } from 'node:fs';
import { PostgresDatabase } from '#adapters/postgres';
import { Secret } from '#kernel';
import { FixedClock, LegacyAccount } from '#testing';
import { type AppRoleLogin, type TestDatabase, TestOpenBao, testPostgres } from '#test-support';
import { freePort } from '../support/free-port.js';
import { makePosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';
import { storedHandle } from '../support/stored-handle.js';
import { until } from '../support/until.js';
import { SteppedRotator } from './stepped-rotator.js';
import { BasicBackend, SteadyCallers } from './vault-trouble-calls.js';

const PATH = 'legacy/ledger';
const FIRST = 'first-password-of-all';
const CALLS_MAX = 10_000_000;

type App = 'proxy' | 'rotator';

/**
 * A proxy as a process and the engine of the rotators, over a real PostgreSQL and an OpenBao of their own that can get into
 * trouble, each with its own role, login and shipped policy.
 */
export class VaultTroubleWorld {
  readonly account = new LegacyAccount(2, FIRST, new FixedClock());
  backend!: BasicBackend;
  rotator!: SteppedRotator;
  #database!: TestDatabase;
  #rotators!: PostgresDatabase;
  #proxy!: PosternProcess;
  #mount = '';
  #proxyOrigin = '';
  #adminOrigin = '';

  private constructor(readonly bao: TestOpenBao) {}

  static async start(): Promise<VaultTroubleWorld> {
    const world = new VaultTroubleWorld(await TestOpenBao.startSealed());
    await world.bao.unseal();
    const { admin } = world.bao;
    world.#mount = await admin.mountKv();
    await admin.must('POST', 'sys/auth/approle', { type: 'approle' });
    const data = { username: 'svc_ledger', password: FIRST };
    // A mount on disk is not ready at once.
    await until('the secret can be written', async () => {
      const { status } = await admin.ask('POST', `${world.#mount}/data/${PATH}`, { data });
      return status === 200;
    });
    world.backend = await BasicBackend.start(world.account);
    world.#database = (await testPostgres(18))!;
    await world.#startRotator();
    await world.#startProxy();
    return world;
  }

  async callers(): Promise<SteadyCallers> {
    const { database } = this.#database;
    const handle = await storedHandle(database, { resource: 'ledger', maxCalls: CALLS_MAX });
    return new SteadyCallers(`${this.#proxyOrigin}/proxy/ledger/accounts/42`, handle.plaintext);
  }

  /** What the proxy has asked the secret store for so far. */
  async reads(): Promise<number> {
    const text = await (await fetch(`${this.#adminOrigin}/metrics`)).text();
    return Number(/^postern_secret_reads_total (\d+)$/m.exec(text)?.[1]);
  }

  async permit(app: App): Promise<void> {
    const hcl = readFileSync(`deploy/vault/${app}.hcl`, 'utf8').replaceAll(
      '"secret/',
      `"${this.#mount}/`,
    );
    await this.bao.admin.writePolicy(app, hcl);
  }

  async forbid(app: App): Promise<void> {
    const nothing = `path "${this.#mount}/data/other" { capabilities = ["read"] }`;
    await this.bao.admin.writePolicy(app, nothing);
  }

  async revokeLogins(): Promise<void> {
    await this.bao.admin.revokeTokensOf('proxy');
    await this.bao.admin.revokeTokensOf('rotator');
  }

  async stop(): Promise<void> {
    await this.#proxy.stop();
    await this.rotator.close();
    await this.#rotators.close();
    await this.#database.drop();
    this.backend.stop();
    await this.bao.dispose();
  }

  async #startRotator(): Promise<void> {
    const url = await this.#database.urlAs('postern_rotator');
    this.#rotators = await PostgresDatabase.connect({ url, applicationName: 'rotator' });
    const login = await this.#login('rotator');
    this.rotator = new SteppedRotator({
      ...{ database: this.#rotators, owner: this.#database.database, account: this.account },
      vault: {
        address: this.bao.address,
        auth: { kind: 'approle', ...login, secretId: Secret.of(login.secretId) },
      },
      ref: { mount: this.#mount, path: PATH },
    });
    await this.rotator.adopt();
  }

  async #startProxy(): Promise<void> {
    const [port, adminPort] = [await freePort(), await freePort()];
    const onLoopback = (at: number): object => ({ host: '127.0.0.1', port: at });
    this.#proxyOrigin = `http://127.0.0.1:${port}`;
    this.#adminOrigin = `http://127.0.0.1:${adminPort}`;
    const { configFile } = await makePosternFolder({
      destination: this.backend.origin,
      listen: { proxy: { public: onLoopback(port), admin: onLoopback(adminPort) } },
      overrides: { prober: { off: 'the test counts calls' } },
      resource: this.#resource(),
    });
    const { roleId, secretId } = await this.#login('proxy');
    this.#proxy = new PosternProcess({
      app: 'proxy',
      environment: {
        POSTERN_CONFIG: configFile,
        DATABASE_URL: await this.#database.urlAs('postern_proxy'),
        ...{ VAULT_ADDR: this.bao.address, VAULT_AUTH: 'approle' },
        ...{ VAULT_ROLE_ID: roleId, VAULT_SECRET_ID: secretId },
      },
      readyUrl: `${this.#adminOrigin}/readyz`,
    });
    await this.#proxy.start();
  }

  /** The proxy never asks who changes the account, nor where. */
  #resource(): Readonly<Record<string, unknown>> {
    const by = { ref: { mount: this.#mount, path: 'postern/rotator-ledger-admin' } };
    const change = { as: 'redis', host: '127.0.0.1', port: 1, tls: 'off', by };
    return {
      credential: { ref: { mount: this.#mount, path: PATH } },
      rotation: { slots: 'dual', change, verify: ['GET /accounts/42'] },
      handle: { ttl: '5m', maxTtl: '15m', maxCalls: CALLS_MAX, binding: 'none' },
    };
  }

  async #login(app: App): Promise<AppRoleLogin> {
    await this.permit(app);
    const { admin } = this.bao;
    const role = `auth/approle/role/${app}`;
    await admin.must('POST', role, { token_policies: [app], token_no_default_policy: true });
    const [id, secret] = [
      (await admin.must('GET', `${role}/role-id`)) as { data: { role_id: string } },
      (await admin.must('POST', `${role}/secret-id`)) as { data: { secret_id: string } },
    ];
    return { roleId: id.data.role_id, secretId: secret.data.secret_id };
  }
}
