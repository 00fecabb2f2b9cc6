import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import kafkajs from 'kafkajs';
import { freePort } from './free-port.js';
import { brokerSettings, formatArguments } from './kafka/broker-settings.js';
import { formatStorage } from './kafka/formatted-storage.js';
import { mavenClassPath } from './maven-class-path.js';

const run = promisify(execFile);
const LOOPBACK = '127.0.0.1';
const START_TIMEOUT_MS = 120_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_MS = 100;
const LOG_TAIL_CHARACTERS = 2_000;
// The client's C1 compiler alone starts a broker in half the time, and two cores are all there is.
const JVM_OPTIONS = [
  '-Xms128m',
  '-Xmx384m',
  '-XX:+UseSerialGC',
  '-XX:TieredStopAtLevel=1',
  '-Xshare:auto',
];

const root = path.resolve('.test-servers');
const support = path.resolve('test/support/kafka');

/** What a broker is started with besides. */
export interface TestKafkaOptions {
  /**
   * Who may log in by SCRAM (SHA-256 and SHA-512) at `saslBrokers`, with passwords. An access control list decides there
   * what each may do, at first nothing; who comes to `brokers` is anonymous and may do everything.
   */
  readonly users?: Readonly<Record<string, string>>;
  /** Of server.properties, before those that every broker here has. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Of `brokers`; for one of several, which must know of each other before they start. Otherwise one that is free. */
  readonly port?: number;
}

/**
 * A real Apache Kafka 4.1.1, one node in KRaft mode, loopback only, on free ports, with an empty folder below
 * `.test-servers` that goes when it is stopped. Needs Java 17 and Maven, which fetches the jars once. Can be paused,
 * killed and started again with its data: for suites about outages. No topic exists at first and none is made unasked.
 */
export class TestKafka {
  private process: ChildProcess | undefined;
  private log = '';

  private constructor(
    private readonly folder: string,
    private readonly classPath: string,
    private readonly port: number,
    private readonly saslPort: number,
  ) {}

  /** @throws Error that says what is missing, or ends with what the broker printed. */
  static async start(
    name: string,
    { users, settings = {}, port: given }: TestKafkaOptions = {},
  ): Promise<TestKafka> {
    const folder = path.join(root, `kafka-${name}`);
    const classPath = await mavenClassPath('kafka', path.join(support, 'pom.xml'));
    await endForgotten(folder);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const [free, controllerPort, saslPort] = [await freePort(), await freePort(), await freePort()];
    const port = given ?? free;
    await writeFile(
      path.join(folder, 'server.properties'),
      brokerSettings(
        { folder, port, controllerPort, ...(users === undefined ? {} : { saslPort }) },
        settings,
      ),
    );
    const kafka = new TestKafka(folder, classPath, port, saslPort);
    const node = [settings['node.id'], settings['process.roles']];
    await formatStorage(
      { logs: path.join(folder, 'logs'), of: [classPath, node, users], root },
      () =>
        run('java', [
          ...kafka.javaArguments('kafka.tools.StorageTool'),
          ...formatArguments(folder, users ?? {}),
        ]),
    );
    await kafka.startAgain();
    return kafka;
  }

  /** `host:port`, as KAFKA_BROKERS takes it. */
  get brokers(): string {
    return `${LOOPBACK}:${this.port}`;
  }

  /** The same where one logs in; nobody listens there without `users`. */
  get saslBrokers(): string {
    return `${LOOPBACK}:${this.saslPort}`;
  }

  /** With the data and the port that it had. */
  async startAgain(): Promise<void> {
    const configuration = path.join(this.folder, 'server.properties');
    const broker = spawn('java', [...this.javaArguments('kafka.Kafka'), configuration], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.process = broker;
    broker.stderr.on('data', (bytes: Buffer) => {
      this.log = (this.log + bytes.toString()).slice(-LOG_TAIL_CHARACTERS);
    });
    await writeFile(path.join(this.folder, 'pid'), String(broker.pid));
    await this.untilAnswering(broker);
  }

  /** From now on it accepts connections and answers nothing. */
  async freeze(): Promise<void> {
    const pid = this.process?.pid;
    if (pid === undefined) return;
    this.process?.kill('SIGSTOP');
    // The signal stops one thread after the other: until all have stopped the broker may still answer.
    while (!(await allStopped(pid))) await pause(POLL_MS);
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
  }

  /** Without any farewell; the data stays for startAgain. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }

  private javaArguments(mainClass: string): string[] {
    const logging = `-Dlog4j2.configurationFile=${path.join(support, 'log4j2.properties')}`;
    return [...JVM_OPTIONS, logging, '-cp', this.classPath, mainClass];
  }

  private async untilAnswering(broker: ChildProcess): Promise<void> {
    const { Kafka, logLevel } = kafkajs;
    const client = new Kafka({
      brokers: [this.brokers],
      logLevel: logLevel.NOTHING,
      retry: { retries: 0 },
    });
    for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_MS) {
      if (broker.exitCode !== null) break;
      const admin = client.admin();
      const answer = await admin.connect().then(
        () => admin.describeCluster().catch(() => undefined),
        () => undefined,
      );
      await admin.disconnect();
      if (answer !== undefined && answer.brokers.length > 0) return;
      await pause(POLL_MS);
    }
    await this.kill();
    throw new Error(`Kafka did not start in ${this.folder}: ${this.log.trim()}`);
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const broker = this.process;
    this.process = undefined;
    // One that another run has ended by a signal has no exit code, and exits no more.
    if (broker?.exitCode !== null || broker.signalCode !== null) return;
    const ended = new Promise((resolve) => broker.once('exit', resolve));
    const deadline = setTimeout(() => broker.kill('SIGKILL'), STOP_TIMEOUT_MS);
    broker.kill('SIGCONT'); // A frozen process takes no farewell.
    broker.kill(signal);
    await ended;
    clearTimeout(deadline);
  }
}

/** A broker outlives a test run that was killed: end the one of this folder, and no other process. */
async function endForgotten(folder: string): Promise<void> {
  const pid = await readFile(path.join(folder, 'pid'), 'utf8').catch(() => '');
  if (pid === '') return;
  const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  if (!command.includes(path.join(folder, 'server.properties'))) return;
  process.kill(Number(pid), 'SIGKILL');
  while (existsSync(`/proc/${pid}`)) await pause(POLL_MS);
}

/** Whether every thread of the process is in state `T`, as /proc tells. */
async function allStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const states = await Promise.all(
    threads.map(async (thread) => {
      const stat = await readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => ') T');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
    }),
  );
  return states.every(Boolean);
}
