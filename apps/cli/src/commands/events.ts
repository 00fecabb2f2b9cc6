import { randomUUID } from 'node:crypto';
import { type Command, Option } from 'commander';
import { EmbeddedEventBus } from '#adapters/embedded';
import { KafkaEventBus, kafkaOptions } from '#adapters/kafka';
import { describeEvent, type EventBus, type RecordedEvent, TOPICS } from '#events';
import { type KafkaSettings, loadSettings } from '#platform';
import { withDatabase } from '../database.js';

interface TailOptions {
  readonly type?: string;
  readonly subject?: string;
  readonly from: 'earliest' | 'latest';
  readonly limit?: string;
  readonly json?: boolean;
}

/** `postern events tail`: what happens, while it happens. */
export function addEvents(program: Command): void {
  program
    .command('events')
    .description('look at events')
    .command('tail')
    .description('follow the events of KAFKA_BROKERS, or of the embedded bus; Ctrl-C ends')
    .option('--type <part>', 'only types that contain this, such as denied')
    .option('--subject <part>', 'only events about this, such as hdl_...')
    .addOption(
      new Option('--from <where>', 'where to begin')
        .choices(['earliest', 'latest'])
        .default('latest'),
    )
    .option('--limit <n>', 'end after so many')
    .option('--json', 'CloudEvents, one a line, instead of readable lines')
    .action(tail);
}

async function tail(options: TailOptions): Promise<void> {
  const settings = loadSettings(process.env);
  if (settings.kafka !== undefined) return follow(await kafkaBus(settings.kafka), options);
  return withDatabase(settings, (database) => follow(new EmbeddedEventBus(database), options));
}

async function kafkaBus(settings: KafkaSettings): Promise<EventBus> {
  const onProblem = (message: string): void => void process.stderr.write(`${message}\n`);
  return new KafkaEventBus(await kafkaOptions(settings, { clientId: 'postern-cli', onProblem }));
}

/** Prints until the limit, or until somebody stops it. A group of its own: nobody else misses a record by it. */
async function follow(bus: EventBus, options: TailOptions): Promise<void> {
  let left = options.limit === undefined ? Number.POSITIVE_INFINITY : Number(options.limit);
  const end = deferred();
  const subscription = await bus.subscribe({
    group: `postern-tail-${randomUUID()}`,
    topics: Object.values(TOPICS),
    from: options.from,
    handle: async ({ event }) => {
      if (left <= 0 || !wanted(event, options)) return;
      left -= 1;
      console.log(options.json === true ? JSON.stringify(event) : describeEvent(event));
      if (left <= 0) end.resolve();
    },
    onFailure: end.reject,
  });
  process.once('SIGINT', () => end.resolve()).once('SIGTERM', () => end.resolve());
  await end.promise.finally(async () => {
    await subscription.stop();
    await bus.close();
  });
}

/** Promise.withResolvers, which Node has from version 22. */
function deferred(): {
  promise: Promise<void>;
  resolve: () => void;
  reject: (error: Error) => void;
} {
  let resolve: () => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

const wanted = (event: RecordedEvent, { type, subject }: TailOptions): boolean =>
  (type === undefined || event.type.includes(type)) &&
  (subject === undefined || event.subject.includes(subject));
