import { spawn, spawnSync } from 'node:child_process';
import { text } from 'node:stream/consumers';

// Consumers that know nothing of us: Debian's kcat, Debian's Python, and those of examples/consumer.

const PYTHON = '/usr/bin/python3';
const AUDIT = 'examples/consumer/consume.py';
const FORWARDER = 'dist/examples/consumer/main.js';

/** The suites run them; these only tell that they can. */
export const findKcat = (): Record<string, string> =>
  found('kcat', 'bash', ['-c', 'kcat -V && jq -V'], { POSTERN_TEST_KCAT: 'kcat' });

export const findPythonKafka = (): Record<string, string> =>
  found('python3-kafka', PYTHON, ['-c', 'import kafka, jsonschema.validators'], {
    POSTERN_TEST_PYTHON_KAFKA: PYTHON,
  });

function found(
  name: string,
  command: string,
  args: readonly string[],
  environment: Record<string, string>,
): Record<string, string> {
  const { status } = spawnSync(command, args, { stdio: 'ignore' });
  process.stderr.write(status === 0 ? `${name}: ${command}\n` : `${name}: none\n`);
  return status === 0 ? environment : {};
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** kcat with these arguments, `input` on its standard input. */
export const runKcat = (args: readonly string[], input = ''): Promise<Ended> =>
  run('kcat', args, { input });

/** A command as a page shows it, with kcat and jq. */
export const runShell = (script: string, environment: Record<string, string>): Promise<Ended> =>
  run('bash', ['--norc', '-o', 'pipefail', '-c', script], { environment });

/** A record as `kcat -J` prints it. */
export interface KcatRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly payload: string | null;
  /** Names and values in turn. */
  readonly headers: readonly string[];
}

/** What examples/consumer/consume.py says of the whole stream. */
export interface AuditSummary {
  readonly records: number;
  readonly events: number;
  readonly repeats: number;
  readonly tombstones: number;
  readonly violations: number;
  readonly types: Readonly<Record<string, number>>;
  readonly unknown_schemas: Readonly<Record<string, number>>;
  readonly keys: number;
  readonly gaps: Readonly<Record<string, readonly (readonly [number, number])[]>>;
  readonly first_violations: readonly Readonly<Record<string, unknown>>[];
}

/** The Python example. @throws Error with what it printed when it printed no summary. */
export async function runAudit(
  brokers: string,
  args: readonly string[] = [],
): Promise<{ readonly status: number | null; readonly summary: AuditSummary }> {
  const ended = await run(PYTHON, [AUDIT, ...args], { environment: { KAFKA_BROKERS: brokers } });
  if (ended.stdout === '') throw new Error(`the audit failed: ${ended.stderr}`);
  return { status: ended.status, summary: JSON.parse(ended.stdout) as AuditSummary };
}

/** The TypeScript example, until it has read what was there when it began. */
export const runForwarder = (brokers: string, group: string): Promise<Ended> =>
  run(process.execPath, [FORWARDER, '--until-end'], {
    environment: { KAFKA_BROKERS: brokers, KAFKA_GROUP: group },
  });

async function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly environment?: Record<string, string> },
): Promise<Ended> {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], ...options.environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    ended,
  ]);
  return { status, stdout, stderr };
}
