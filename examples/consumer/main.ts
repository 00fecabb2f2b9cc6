import { existsSync, readFileSync } from 'node:fs';
import kafkajs, { type Admin, type Kafka, type KafkaConfig } from 'kafkajs';
import { Forwarder } from './forwarder.js';
import { Records } from './records.js';

// Forwards the events of Postern, one line of JSON each, to whatever reads its output: see README.md in this folder.
// --until-end: ends when it has read what was there when it began. Otherwise it follows.

/** As Postern names its topics; commands are no events, canaries and dead letters are not for analysts. */
const EVENT_TOPIC = /^postern\.(?!command\.|canary\.)[a-z-]+\.v[1-9][0-9]*$/;

const untilEnd = process.argv.includes('--until-end');
const group = process.env['KAFKA_GROUP'] ?? 'siem-forwarder';
const kafka = new kafkajs.Kafka(connection(process.env));
const say = (line: unknown): void => void process.stderr.write(`${JSON.stringify(line)}\n`);

/** By the variables that Postern itself takes. */
function connection(environment: NodeJS.ProcessEnv): KafkaConfig {
  const caFile = environment['KAFKA_TLS_CA_FILE'];
  const mechanism = environment['KAFKA_SASL_MECHANISM'];
  const login = {
    username: environment['KAFKA_SASL_USERNAME'] ?? '',
    password: environment['KAFKA_SASL_PASSWORD'] ?? '',
  };
  return {
    clientId: 'siem-forwarder',
    brokers: (environment['KAFKA_BROKERS'] ?? '127.0.0.1:9094').split(','),
    logLevel: kafkajs.logLevel.ERROR,
    ...(caFile === undefined ? {} : { ssl: { ca: readFileSync(caFile, 'utf8') } }),
    ...(mechanism === undefined
      ? {}
      : { sasl: { mechanism: mechanism as 'scram-sha-512', ...login } }),
  };
}

/** Schemas beside the source, also when this runs from `dist`. */
function schemasFolder(): string {
  const given = process.env['POSTERN_SCHEMAS'];
  if (given !== undefined) return given;
  const beside = ['../../docs/schemas', '../../../docs/schemas'];
  const found = beside.map((place) => new URL(place, import.meta.url).pathname).find(existsSync);
  return found ?? 'docs/schemas';
}

/** Where each partition ends now, by `topic/partition`; only those of which the group has not read all. */
async function endsNow(admin: Admin, topics: readonly string[]): Promise<Map<string, bigint>> {
  const committed = await admin.fetchOffsets({ groupId: group, topics: [...topics] });
  const read = new Map<string, bigint>(
    committed.flatMap(({ topic, partitions }) =>
      partitions.map(({ partition, offset }) => [`${topic}/${partition}`, BigInt(offset)] as const),
    ),
  );
  const ends = new Map<string, bigint>();
  for (const topic of topics) {
    for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
      const name = `${topic}/${partition}`;
      const from = [BigInt(low), read.get(name) ?? -1n].reduce((a, b) => (a > b ? a : b));
      if (BigInt(high) > from) ends.set(name, BigInt(high));
    }
  }
  return ends;
}

async function plan(client: Kafka): Promise<{ topics: string[]; ends: Map<string, bigint> }> {
  const admin = client.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).filter((topic) => EVENT_TOPIC.test(topic));
  const ends = untilEnd ? await endsNow(admin, topics) : new Map<string, bigint>();
  await admin.disconnect();
  return { topics, ends };
}

const { topics, ends } = await plan(kafka);
const consumer = kafka.consumer({ groupId: group });
let finish: () => void = () => undefined;
const finished = new Promise<void>((resolve) => {
  finish = resolve;
});
const forwarder = new Forwarder({
  consumer,
  records: new Records(schemasFolder()),
  sink: process.stdout,
  onBroken: (place, problems) => say({ ...place, problems }),
  onDone: (topic, partition, nextOffset) => {
    const name = `${topic}/${partition}`;
    if (nextOffset >= (ends.get(name) ?? nextOffset + 1n)) ends.delete(name);
    if (untilEnd && ends.size === 0) finish();
  },
});
process.once('SIGINT', finish).once('SIGTERM', finish);
// A group that cannot go on ends the process: whoever started it starts it again, and it goes on where it committed.
consumer.on('consumer.crash', ({ payload }) => {
  if (payload.restart) return;
  say({ crash: payload.error.name });
  process.exit(1);
});
await consumer.connect();
await consumer.subscribe({ topics, fromBeginning: true });
if (!untilEnd || ends.size > 0) {
  await forwarder.start();
  await finished;
}
await consumer.disconnect();
say({ done: forwarder.counts });
process.exitCode = forwarder.counts.broken > 0 ? 1 : 0;
