import { type Command, CommanderError } from 'commander';
import { FileCheckpointSigner } from '#adapters/files';
import { type KafkaEventBus } from '#adapters/kafka';
import { PostgresAuditLog } from '#adapters/postgres';
import {
  checkpointKey,
  type CheckpointSigner,
  ed25519Of,
  type Leaf,
  readPublicKey,
  verifierKey,
  type VerifierOptions,
} from '#audit';
import { SystemClock } from '#kernel';
import { loadConfig, loadSettings, requireServers, type Settings } from '#platform/start';
import { anchorPins, keptPin, type Pins } from '../anchor-pins.js';
import { withDatabase } from '../database.js';
import { type EventSource, firstThen } from '../event-source.js';
import { spoolEvents } from '../event-spool.js';
import { exportAudit, exportRange } from '../export-audit.js';
import { readInput } from '../input.js';
import { complain } from '../problem-line.js';
import { UsageError } from '../usage-error.js';
import { describeFinding, describeProof, verifyExport } from '../verify-export.js';

interface VerifyOptions {
  readonly key: readonly string[];
  readonly anchor?: string;
  readonly sinceCheckpoint?: string;
  readonly log?: string;
  readonly until?: string;
}

interface ExportOptions {
  readonly from: string;
  readonly to?: string;
  readonly source?: string;
}

const EXIT_NOT_PROVEN = 1;
/** Also for options that it does not know: what cannot be tried says nothing of the evidence. */
const EXIT_NOT_ASKED = 2;
const INDEX = /^(?:0|[1-9][0-9]{0,14})$/;

const collected = (file: string, files: readonly string[]): readonly string[] => [...files, file];

/** `postern audit verify|export|key`: proves what was logged. docs/audit.md */
export function addAudit(program: Command): void {
  const audit = program.command('audit').description('signed evidence: export it, and prove it');
  audit
    .command('verify <export>')
    .description(
      'prove an export; ends with 0 when it is proven, 1 when not, 2 when it could not be tried',
    )
    .option(
      '--key <file>',
      'public key of the log, first the one in use; again for keys that were',
      collected,
      [],
    )
    .option('--anchor <folder>', 'what was kept outside: shows a missing end, and a second history')
    .option('--since-checkpoint <file>', 'a checkpoint that you kept: the export must continue it')
    .option('--log <id>', 'the log that it must be')
    .option('--until <size>', 'the export is meant to end there, though the log goes on')
    .exitOverride(({ exitCode, code, message }) => {
      throw new CommanderError(exitCode === 0 ? 0 : EXIT_NOT_ASKED, code, message);
    })
    .action(verify);
  audit
    .command('export')
    .description('write events with their proofs and the checkpoints to standard output')
    .option('--from <index>', 'from the checkpoint before this log index on', '0')
    .option('--to <index>', 'up to the checkpoint that covers this log index')
    .option('--source <name>', 'kafka or outbox (default: kafka where KAFKA_BROKERS is set)')
    .action(write);
  audit
    .command('key')
    .description('print the public key that checkpoints are signed with')
    .option('--verifier', 'as <log>+<id>+<base64>, which names the log too')
    .action(printKey);
}

/** Whatever stands in the way of trying has another code than what is wrong with the evidence. */
async function verify(source: string, options: VerifyOptions): Promise<void> {
  try {
    await prove(source, options);
  } catch (error) {
    complain(error instanceof Error ? error.message : 'unknown failure');
    process.exitCode = EXIT_NOT_ASKED;
  }
}

async function prove(source: string, options: VerifyOptions): Promise<void> {
  const settled = await verifierOptions(options);
  const { proven, finding } = await verifyExport(source, settled, complain);
  if (finding?.kind === 'forked') settled.requireWhole?.();
  const lines =
    finding === undefined ? describeProof(proven, settled) : describeFinding(finding, proven);
  for (const line of lines) console.log(line);
  if (finding !== undefined) process.exitCode = EXIT_NOT_PROVEN;
}

async function verifierOptions(options: VerifyOptions): Promise<VerifierOptions & Pins> {
  if (options.key.length === 0) throw new UsageError('--key: name the file of the public key');
  const read = await Promise.all(
    options.key.map(async (file) => readPublicKey(await readInput(file))),
  );
  const publicKeys = read.map(({ publicKey }) => publicKey);
  const named = options.log ?? read.find(({ name }) => name !== undefined)?.name;
  const { anchor, sinceCheckpoint, until } = options;
  const anchored: Pins = anchor === undefined ? { pins: [] } : await anchorPins(anchor, publicKeys);
  const kept = sinceCheckpoint === undefined ? [] : [await keptPin(sinceCheckpoint, publicKeys)];
  return {
    ...{ ...anchored, publicKeys, pins: [...anchored.pins, ...kept] },
    ...(named === undefined ? {} : { log: named }),
    ...(until === undefined ? {} : { until: indexOf('--until', until) }),
  };
}

async function write(options: ExportOptions): Promise<void> {
  // Its lines are what was signed, to the byte: nothing in them that steers a terminal can be escaped.
  if (process.stdout.isTTY) throw new UsageError('write it to a file: postern audit export > ...');
  const asked = {
    from: indexOf('--from', options.from),
    to: options.to === undefined ? undefined : indexOf('--to', options.to),
  };
  const settings = loadSettings(process.env);
  await withDatabase(settings, async (database) => {
    const log = new PostgresAuditLog(database);
    const origin = await requireOpened(log);
    const range = await exportRange(log, asked);
    const source = await sourceOf(settings, { log, range, name: options.source });
    try {
      const missing = await exportAudit({ log, origin, source }, range, process.stdout);
      complain(`events ${range.from} to ${range.to - 1} are written`);
      if (missing > 0) complain(`${missing} of them are not kept any more: they are not proven`);
    } finally {
      await source.close();
    }
  });
}

async function sourceOf(
  settings: Settings,
  {
    log,
    range,
    name,
  }: {
    readonly log: PostgresAuditLog;
    readonly range: { readonly from: number; readonly to: number };
    readonly name: string | undefined;
  },
): Promise<EventSource> {
  if (name !== undefined && name !== 'kafka' && name !== 'outbox') {
    throw new UsageError('--source: is neither kafka nor outbox');
  }
  const outbox = outboxSource(log);
  if (name === 'outbox' || (name === undefined && settings.kafka === undefined)) return outbox;
  const bus = await kafkaBus(settings);
  const leavesOf = (ids: readonly string[]): Promise<ReadonlyMap<string, Leaf>> =>
    log.leavesOf(ids);
  const kafka = await spoolEvents({ bus, leavesOf, ...range, complain }).finally(() => bus.close());
  // What is not on Kafka any more may still be in the outbox: three days long.
  return firstThen(kafka, outbox);
}

const outboxSource = (log: PostgresAuditLog): EventSource => ({
  find: (leaves) => log.eventsOf(leaves.map(({ eventId }) => eventId)),
  close: () => Promise.resolve(),
});

async function kafkaBus(settings: Settings): Promise<KafkaEventBus> {
  const { kafka } = requireServers(settings, ['kafka']);
  const adapter = await import('#adapters/kafka'); // A client that is not used is not loaded.
  const options = await adapter.kafkaOptions(kafka, {
    clientId: 'postern-cli',
    onProblem: complain,
  });
  return new adapter.KafkaEventBus(options);
}

async function printKey(options: { readonly verifier?: boolean }): Promise<void> {
  const settings = loadSettings(process.env);
  const pem = await publicPem(settings);
  if (options.verifier !== true) {
    process.stdout.write(pem);
    return;
  }
  const log = await withDatabase(settings, (database) =>
    requireOpened(new PostgresAuditLog(database)),
  );
  console.log(verifierKey(checkpointKey(log, ed25519Of(pem))));
}

async function publicPem(settings: Settings): Promise<string> {
  const { audit, file } = loadConfig(settings.configFile);
  if (audit === undefined) throw new UsageError(`${file}: has no audit, so no key signs anything`);
  const { key } = audit;
  if (key.kind === 'file') return new FileCheckpointSigner(key.path).publicKey();
  const { vault } = requireServers(settings, ['vault']);
  const { VaultCheckpointSigner } = await import('#adapters/vault');
  const signer = new VaultCheckpointSigner({
    ...{ settings: vault, place: key, clock: new SystemClock() },
  });
  return (signer as CheckpointSigner).publicKey().finally(() => signer.close());
}

async function requireOpened(log: PostgresAuditLog): Promise<string> {
  const origin = await log.opened();
  if (origin !== undefined) return origin;
  throw new UsageError('no log was begun in this database: set audit in postern.yaml');
}

function indexOf(option: string, text: string): number {
  if (INDEX.test(text)) return Number(text);
  throw new UsageError(`${option}: is no log index`);
}
