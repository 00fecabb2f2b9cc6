import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { OpenBaoAdmin } from './openbao/openbao-admin.js';
import { openBaoBinary } from './openbao/openbao-binary.js';
import { freePort } from './free-port.js';
import { OpenBaoProcess } from './openbao/openbao-process.js';

const ACTIVE_TIMEOUT_MS = 60_000;
const POLL_MS = 50;
const ADDRESS = 'POSTERN_TEST_OPENBAO_ADDR';
const ROOT_TOKEN = 'POSTERN_TEST_OPENBAO_TOKEN';

const started: OpenBaoProcess[] = [];
const say = (line: string): void => void process.stderr.write(`${line}\n`);

/**
 * Starts the server that this machine can give and resolves to the environment variables that tell the suites of it:
 * VAULT_ADDR with VAULT_TOKEN when they are set, else OpenBao in its dev mode. Suites that seal and stop a server start
 * one of their own (TestOpenBao), so the binary is installed in both cases.
 */
export async function startOpenBao(): Promise<Record<string, string>> {
  const { VAULT_ADDR: address, VAULT_TOKEN: rootToken } = process.env;
  if (address !== undefined && rootToken !== undefined) {
    const own = await openBaoBinary().then(
      () => 'suites that seal a server start their own',
      (error: unknown) => `suites that seal a server will fail: ${reasonOf(error)}`,
    );
    say(`openbao: the server of VAULT_ADDR; ${own}`);
    return { [ADDRESS]: address, [ROOT_TOKEN]: rootToken };
  }
  return startDev().then(
    (admin) => {
      say(`openbao: started at ${admin.address}`);
      return { [ADDRESS]: admin.address, [ROOT_TOKEN]: admin.rootToken };
    },
    (error: unknown) => {
      say(`openbao: none (${reasonOf(error)})`);
      return {};
    },
  );
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

export async function stopOpenBao(): Promise<void> {
  await Promise.all(started.splice(0).map((server) => server.stop()));
}

/** The admin of the server that `npm test` started; for suites inside describeWithServer(..., 'openbao', ...). */
export function openBaoAdmin(): OpenBaoAdmin {
  const { [ADDRESS]: address, [ROOT_TOKEN]: rootToken } = process.env;
  if (address === undefined || rootToken === undefined) {
    throw new Error(`${ADDRESS} and ${ROOT_TOKEN} are not set`);
  }
  return new OpenBaoAdmin(address, rootToken);
}

async function startDev(): Promise<OpenBaoAdmin> {
  const rootToken = randomBytes(16).toString('hex');
  const port = await freePort();
  const server = await OpenBaoProcess.start(
    await openBaoBinary(),
    devArgs(rootToken, port),
    `http://127.0.0.1:${port}`,
  );
  started.push(server);
  return new OpenBaoAdmin(server.address, rootToken);
}

/** A server in dev mode that speaks https, with a certificate authority of its own. */
export async function startOpenBaoWithTls(): Promise<{
  readonly admin: OpenBaoAdmin;
  readonly caFile: string;
  stop(): Promise<void>;
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'postern-openbao-tls-'));
  const rootToken = randomBytes(16).toString('hex');
  const port = await freePort();
  const server = await OpenBaoProcess.start(
    await openBaoBinary(),
    [...devArgs(rootToken, port), '-dev-tls', `-dev-tls-cert-dir=${folder}`],
    `https://127.0.0.1:${port}`,
  );
  const caFile = path.join(folder, 'vault-ca.pem');
  return {
    admin: new OpenBaoAdmin(server.address, rootToken, await readFile(caFile, 'utf8')),
    caFile,
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A server in dev mode with a file audit device, as an administrator declares it. */
export async function startOpenBaoWithAudit(): Promise<{
  readonly admin: OpenBaoAdmin;
  /** What its audit device wrote so far. */
  lines(): Promise<readonly string[]>;
  stop(): Promise<void>;
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'postern-openbao-audit-'));
  const [settings, log] = [path.join(folder, 'audit.hcl'), path.join(folder, 'audit.log')];
  const options = `options { file_path = "${log}" }`;
  await writeFile(settings, `audit "file" "postern" {\n  ${options}\n}\n`);
  const rootToken = randomBytes(16).toString('hex');
  const port = await freePort();
  const server = await OpenBaoProcess.start(
    await openBaoBinary(),
    [...devArgs(rootToken, port), `-config=${settings}`],
    `http://127.0.0.1:${port}`,
  );
  return {
    admin: new OpenBaoAdmin(server.address, rootToken),
    lines: async () => (await readFile(log, 'utf8')).split('\n').filter((line) => line !== ''),
    stop: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const devArgs = (rootToken: string, port: number): string[] => [
  '-dev',
  `-dev-root-token-id=${rootToken}`,
  `-dev-listen-address=127.0.0.1:${port}`,
  '-dev-no-store-token',
];

/** A server of a suite's own, with its files on disk, that can be sealed, unsealed, stopped and started again. */
export class TestOpenBao {
  #process: OpenBaoProcess | undefined;
  #unsealKey = '';
  #admin: OpenBaoAdmin | undefined;

  private constructor(
    private readonly folder: string,
    private readonly binary: string,
    readonly address: string,
    private readonly clusterPort: number,
  ) {}

  /** Initialised and sealed; `unseal` opens it. The suite disposes of it. */
  static async startSealed(): Promise<TestOpenBao> {
    const binary = await openBaoBinary();
    const folder = await mkdtemp(path.join(tmpdir(), 'postern-openbao-'));
    const address = `http://127.0.0.1:${await freePort()}`;
    const bao = new TestOpenBao(folder, binary, address, await freePort());
    await mkdir(path.join(folder, 'storage'));
    await writeFile(path.join(folder, 'server.hcl'), bao.configuration());
    await bao.start();
    await bao.initialise();
    return bao;
  }

  get admin(): OpenBaoAdmin {
    if (this.#admin === undefined) throw new Error('the server is not initialised');
    return this.#admin;
  }

  async start(): Promise<void> {
    const args = [`-config=${path.join(this.folder, 'server.hcl')}`];
    this.#process = await OpenBaoProcess.start(this.binary, args, this.address);
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    this.#process = undefined;
  }

  async unseal(): Promise<void> {
    const answer = await this.admin.must('PUT', 'sys/unseal', { key: this.#unsealKey });
    if ((answer as { sealed: boolean }).sealed) throw new Error('the server is still sealed');
    await this.active();
  }

  async seal(): Promise<void> {
    await this.admin.must('PUT', 'sys/seal');
  }

  async dispose(): Promise<void> {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Unsealed, it still has to elect itself. */
  private async active(): Promise<void> {
    const deadline = AbortSignal.timeout(ACTIVE_TIMEOUT_MS);
    while ((await this.admin.ask('GET', 'sys/health')).status !== 200) {
      if (deadline.aborted) throw new Error('the unsealed server does not become active');
      await delay(POLL_MS);
    }
  }

  private async initialise(): Promise<void> {
    const answer = (await new OpenBaoAdmin(this.address, '').must('PUT', 'sys/init', {
      secret_shares: 1,
      secret_threshold: 1,
    })) as { root_token: string; keys: [string] };
    this.#unsealKey = answer.keys[0];
    this.#admin = new OpenBaoAdmin(this.address, answer.root_token);
  }

  private configuration(): string {
    return [
      // OpenBao has no other storage on disk than Raft any more; one node elects itself.
      `storage "raft" {`,
      `  path = "${path.join(this.folder, 'storage')}"`,
      `  node_id = "only"`,
      `  performance_multiplier = 1`,
      `}`,
      `listener "tcp" {`,
      `  address = "${new URL(this.address).host}"`,
      `  tls_disable = true`,
      `}`,
      `api_addr = "${this.address}"`,
      `cluster_addr = "http://127.0.0.1:${this.clusterPort}"`,
    ].join('\n');
  }
}
