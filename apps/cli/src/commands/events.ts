import { type Command } from 'commander';
import { EmbeddedEventBus } from '#adapters/embedded';
import { KafkaEventBus, kafkaOptions } from '#adapters/kafka';
import { type EventBus } from '#events';
import { SystemClock } from '#kernel';
import { type KafkaSettings, loadSettings } from '#platform/start';
import { withDatabase } from '../database.js';
import { eventFilter, type EventFilterOptions, topicsToRead } from '../event-filter.js';
import { eventFormat } from '../event-format.js';
import { followEvents, type Following } from '../follow-events.js';
import { complain } from '../problem-line.js';
import { UsageError } from '../usage-error.js';

export interface TailOptions extends EventFilterOptions {
  readonly topic?: readonly string[];
  readonly from?: string;
  readonly limit?: string;
  readonly format?: string;
  readonly json?: boolean;
}

const LIMIT = /^[1-9][0-9]{0,8}$/;

const collected = (name: string, names: readonly string[] = []): readonly string[] => [
  ...names,
  name,
];

/** `postern events tail`: what happens, while it happens. */
export function addEvents(program: Command): void {
  program
    .command('events')
    .description('look at events')
    .command('tail')
    .description('follow the events of KAFKA_BROKERS, or of the embedded bus; Ctrl-C ends')
    .option('--type <part>', 'only types that contain this, such as denied or handle.')
    .option('--subject <part>', 'only events about this, such as hdl_...')
    .option('--severity <least>', 'only those at least so severe: info, warn, error, fatal')
    .option('--env <name>', 'only of this environment')
    .option('--resource <id>', 'only those that name this resource')
    .option('--handle <id>', 'only those about this handle, hdl_...')
    .option('--reason <part>', 'only those whose reason or outcome contains this')
    .option('--correlation <id>', 'only those that one request caused, req_...')
    .option(
      '--since <time>',
      'only from then on: 15m, 2h, 7d, 2026-11-20T12:00:00Z; reads what is kept',
    )
    .option('--topic <name>', 'only from this topic, such as handle; again for more', collected)
    .option('--from <where>', 'where to begin: earliest or latest')
    .option('--limit <n>', 'end after so many')
    .option('--format <name>', 'line, json (CloudEvents), ocsf or caep; one a line (default: line)')
    .option('--json', 'the same as --format json')
    .action(tail);
}

async function tail(options: TailOptions): Promise<void> {
  const settled = tailSettings(options);
  const settings = loadSettings(process.env);
  const follow = (bus: EventBus): Promise<void> =>
    untilStopped((ended) => followEvents(bus, { ...settled, print: printLine, complain, ended }));
  if (settings.kafka !== undefined) return follow(await kafkaBus(settings.kafka));
  return withDatabase(settings, (database) => follow(new EmbeddedEventBus(database)));
}

/** What the options ask for. @throws UsageError */
export function tailSettings(
  options: TailOptions,
): Omit<Following, 'print' | 'complain' | 'ended'> {
  return {
    topics: topicsToRead(options.topic),
    wanted: eventFilter(options, new SystemClock().now()),
    format: eventFormat(formatName(options)),
    from: beginning(options),
    limit: limitOf(options.limit),
  };
}

function formatName({ format, json }: TailOptions): string {
  if (json !== true) return format ?? 'line';
  if (format === undefined || format === 'json') return 'json';
  throw new UsageError('--json and --format ask for two formats');
}

/** Who asks for the past wants to see it. */
function beginning({ from, since }: TailOptions): 'earliest' | 'latest' {
  if (from === undefined) return since === undefined ? 'latest' : 'earliest';
  if (from === 'earliest' || from === 'latest') return from;
  throw new UsageError('--from: is neither earliest nor latest');
}

function limitOf(limit: string | undefined): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (!LIMIT.test(limit)) throw new UsageError('--limit: is no number from 1 to 999999999');
  return Number(limit);
}

async function kafkaBus(settings: KafkaSettings): Promise<EventBus> {
  return new KafkaEventBus(
    await kafkaOptions(settings, { clientId: 'postern-cli', onProblem: complain }),
  );
}

const printLine = (line: string): void => void process.stdout.write(`${line}\n`);

/** Ctrl-C, a service manager, or a reader like `head` that has seen enough, ends it; a second Ctrl-C at once. */
async function untilStopped(work: (ended: AbortSignal) => Promise<void>): Promise<void> {
  const stop = new AbortController();
  const end = (): void => {
    stop.abort();
  };
  process.once('SIGINT', end).once('SIGTERM', end);
  process.stdout.on('error', end);
  try {
    await work(stop.signal);
  } finally {
    process.off('SIGINT', end).off('SIGTERM', end);
  }
}
