import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';
import { until } from './until.js';

/** Debian's `/usr/sbin/rabbitmq-server` would change to its own account and log folder. */
const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const EPMD = '/usr/bin/epmd';
/** An Erlang VM that compiles nothing, but loads much: about six seconds on a slow machine that is not busy. */
const START_MS_MAX = 90_000;

export interface RabbitMqOptions {
  readonly username: string;
  readonly password: string;
}

/** Suites start a RabbitMQ of their own; this only tells them that they can. */
export function findRabbitMq(): Record<string, string> {
  const found = existsSync(SERVER) && existsSync(EPMD);
  process.stderr.write(
    found
      ? `rabbitmq: ${SERVER}\n`
      : `rabbitmq: none (no ${SERVER}; apt-get install rabbitmq-server)\n`,
  );
  return found ? { POSTERN_TEST_RABBITMQ: SERVER } : {};
}

/**
 * Debian's RabbitMQ with its management API and one administrator, as ordinary processes in a folder of their own: the
 * broker, and the Erlang port mapper that it needs. Nobody else's node is found, and no AMQP port is open.
 */
export class RabbitMq {
  private constructor(
    readonly origin: string,
    private readonly folder: string,
    private readonly processes: {
      readonly broker: ChildProcess;
      readonly portMapper: ChildProcess;
    },
    private readonly administrator: RabbitMqOptions,
  ) {}

  static async start(options: RabbitMqOptions): Promise<RabbitMq> {
    const folder = mkdtempSync(join(tmpdir(), 'postern-test-rabbitmq-'));
    const [port, mapperPort, nodePort] = [await freePort(), await freePort(), await freePort()];
    writeFileSync(join(folder, 'rabbitmq.conf'), configuration(port, options));
    writeFileSync(join(folder, 'enabled_plugins'), '[rabbitmq_management].\n');
    const loopback = ['-address', '127.0.0.1'];
    const portMapper = spawn(EPMD, ['-port', String(mapperPort), ...loopback], {
      stdio: 'ignore',
    });
    const broker = spawn(SERVER, [], {
      env: {
        ...{ PATH: process.env['PATH'], HOME: folder, LANG: 'C.UTF-8' },
        ...{ ERL_EPMD_PORT: String(mapperPort), ERL_EPMD_ADDRESS: '127.0.0.1' },
        RABBITMQ_NODENAME: `postern-${randomBytes(6).toString('hex')}@localhost`,
        RABBITMQ_DIST_PORT: String(nodePort),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
        RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
        RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
        RABBITMQ_LOG_BASE: join(folder, 'log'),
        RABBITMQ_PID_FILE: join(folder, 'pid'),
      },
      stdio: 'ignore',
    });
    const origin = `http://127.0.0.1:${port}`;
    const rabbitMq = new RabbitMq(origin, folder, { broker, portMapper }, options);
    await until('RabbitMQ answers', () => rabbitMq.#answers(), START_MS_MAX);
    return rabbitMq;
  }

  /** As an operator at the broker itself. */
  async changePassword({ username, password }: RabbitMqOptions): Promise<void> {
    const answer = await fetch(`${this.origin}/api/users/${username}`, {
      method: 'PUT',
      headers: { authorization: basic(this.administrator) },
      body: JSON.stringify({ password, tags: 'administrator' }),
    });
    if (!answer.ok) throw new Error(`RabbitMQ answered ${answer.status}`);
  }

  /** The shell that started the broker would stop it by a command line of its own, which takes seconds. */
  async stop(): Promise<void> {
    const { broker, portMapper } = this.processes;
    const [brokerEnded, portMapperEnded] = [exited(broker), exited(portMapper)];
    process.kill(Number(readFileSync(join(this.folder, 'pid'), 'latin1')), 'SIGKILL');
    await brokerEnded;
    portMapper.kill('SIGKILL');
    await portMapperEnded;
  }

  async #answers(): Promise<boolean> {
    if (this.processes.broker.exitCode !== null) throw new Error('RabbitMQ ended');
    return fetch(`${this.origin}/api/whoami`, {
      headers: { authorization: basic(this.administrator) },
    }).then(
      ({ status }) => status === 200,
      () => false,
    );
  }
}

const basic = ({ username, password }: RabbitMqOptions): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const exited = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
};

const configuration = (port: number, { username, password }: RabbitMqOptions): string => `
listeners.tcp = none
management.tcp.ip = 127.0.0.1
management.tcp.port = ${port}
default_user = ${username}
default_pass = ${password}
default_user_tags.administrator = true
log.console = false
log.file = false
`;
