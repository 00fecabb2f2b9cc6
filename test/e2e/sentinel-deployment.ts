import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import kafkajs, { type Admin, type Message, type Producer } from 'kafkajs';
import { parse, stringify } from 'yaml';
import { KafkaDeadLetterTopic, KafkaEventBus, type LyingLetter } from '#adapters/kafka';
import { type RecordedEvent, TOPICS, topicOf } from '#events';
import { SystemClock } from '#kernel';
import { createTopics, type TestDatabase, TestKafka, testPostgres } from '#test-support';
import { freePort } from '../support/free-port.js';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { PosternProcess } from '../support/postern-process.js';

const { AssignerProtocol, Kafka, logLevel, Partitioners } = kafkajs;
const HOST = '127.0.0.1';

/** What became of one entity: a detection, its event and its orders. */
export interface Raised {
  readonly entityId: string;
  readonly mode: string;
  readonly told: number;
  readonly orders: readonly string[];
}

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly reason?: string;
}

/** A sentinel as it is shipped, and what it says of itself. */
export class SentinelProcess {
  constructor(
    readonly process: PosternProcess,
    private readonly adminOrigin: string,
  ) {}

  /** What is wrong with it, or not as it should be, by the name of the check; empty: nothing. */
  async complaints(): Promise<Readonly<Record<string, string>>> {
    const answer = await fetch(`${this.adminOrigin}/readyz`);
    const { checks } = (await answer.json()) as { checks: readonly Check[] };
    const found = checks.flatMap(({ name, ok, reason }) =>
      ok && reason === undefined ? [] : [[name, `${ok ? '' : 'not ok: '}${reason ?? ''}`] as const],
    );
    return { ...Object.fromEntries(found), ...(answer.ok ? {} : { status: `${answer.status}` }) };
  }

  /** The sum of a figure over those of its labels that are given, such as `rule="D06"`. */
  async figure(name: string, labels = ''): Promise<number> {
    const text = await (await fetch(`${this.adminOrigin}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => /^[^ {]+/.exec(line)?.[0] === `postern_${name}` && line.includes(labels))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  /** Rounds of rules over windows that it computed. */
  rounds(): Promise<number> {
    return this.figure('detection_round_seconds_count');
  }
}

/**
 * Sentinels of one deployment on one database and a Kafka of their own. Nothing else of it runs: events are put on the
 * bus as a relay does, and orders stay where they are.
 */
export class SentinelDeployment {
  readonly name = `pair-${randomUUID().slice(0, 8)}`;
  readonly group = `postern-sentinel-${this.name}`;
  readonly #clock = new SystemClock();
  readonly #started: SentinelProcess[] = [];

  private constructor(
    readonly database: TestDatabase,
    private readonly folder: PosternFolder,
    private readonly parts: {
      readonly kafka: TestKafka;
      readonly bus: KafkaEventBus;
      readonly letters: KafkaDeadLetterTopic;
      readonly admin: Admin;
      readonly producer: Producer;
    },
  ) {}

  static async open(): Promise<SentinelDeployment> {
    const kafka = await TestKafka.start('sentinels');
    await createTopics(kafka.brokers);
    const brokers = [kafka.brokers];
    const options = { brokers, clientId: 'test', onProblem: () => undefined };
    const client = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    const producer = client.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    const admin = client.admin();
    await Promise.all([producer.connect(), admin.connect()]);
    return new SentinelDeployment(
      (await testPostgres(18))!,
      await makePosternFolder({ destination: 'http://127.0.0.1:9' }),
      {
        ...{ kafka, admin, producer, bus: new KafkaEventBus(options) },
        letters: new KafkaDeadLetterTopic(options, 'postern-sentinel'),
      },
    );
  }

  /** One more of them. @param detection `detection:` of its postern.yaml */
  async start(detection: Readonly<Record<string, unknown>>): Promise<SentinelProcess> {
    const port = await freePort();
    const file = join(this.folder.folder, `sentinel-${port}.yaml`);
    const config = parse(readFileSync(this.folder.configFile, 'utf8')) as Record<string, unknown>;
    const listen = { public: { host: HOST, port: 0 }, admin: { host: HOST, port } };
    writeFileSync(file, stringify({ ...config, listen, deployment: this.name, detection }));
    const adminOrigin = `http://${HOST}:${port}`;
    const environment = {
      POSTERN_CONFIG: file,
      DATABASE_URL: await this.database.urlAs('postern_sentinel'),
      KAFKA_BROKERS: this.parts.kafka.brokers,
    };
    const readyUrl = `${adminOrigin}/readyz`;
    const process = new PosternProcess({ app: 'sentinel', environment, readyUrl });
    const sentinel = new SentinelProcess(process, adminOrigin);
    this.#started.push(sentinel);
    await process.start();
    return sentinel;
  }

  /** Where an event of this deployment is, so many seconds ago: the first of its partition key. */
  place(secondsAgo = 0): {
    readonly environment: string;
    readonly deployment: string;
    readonly at: Date;
  } {
    const at = new Date(this.#clock.now().getTime() - secondsAgo * 1_000);
    return { environment: 'dev', deployment: this.name, at };
  }

  async publish(events: readonly RecordedEvent[]): Promise<void> {
    await this.parts.bus.publish(
      events.map((event) => ({ topic: topicOf(event.type), key: event.partitionkey, event })),
    );
  }

  /** What a stream processor writes, all of it to one partition, in that order. */
  async writeCandidates(messages: readonly Message[]): Promise<void> {
    await this.parts.producer.send({
      topic: TOPICS.detectionCandidates,
      messages: messages.map((message) => ({ ...message, partition: 0 })),
    });
  }

  /** Partitions of the evidence by the member of the group that has them. */
  async shares(): Promise<readonly ReadonlySet<string>[]> {
    const { groups } = await this.parts.admin.describeGroups([this.group]);
    return (groups[0]?.members ?? []).map(({ memberAssignment }) => {
      const assigned = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment ?? {};
      const names = Object.entries(assigned).flatMap(([topic, partitions]) =>
        partitions.map((partition) => `${topic}/${partition}`),
      );
      return new Set(names);
    });
  }

  /** Detections of a rule, with what was told and ordered of each. */
  raised(rule: string): Promise<readonly Raised[]> {
    return this.database.database.query<Raised>(
      `select entity_id as "entityId", mode,
         (select count(*)::integer from public.outbox where type = 'dev.postern.detection.raised.v1'
           and payload -> 'data' ->> 'detection_id' = detection.id) as told,
         array(select action || ' ' || target from public.response_order
           where detection_id = detection.id) as orders
       from public.detection where rule = $1 order by raised_at, id`,
      [rule],
    );
  }

  /** Whether all of these were kept as evidence. */
  async hasKept(events: readonly RecordedEvent[]): Promise<boolean> {
    const rows = await this.database.database.query(
      `select event_id from public.uses where event_id = any($1)
       union select event_id from public.exchanges where event_id = any($1)`,
      [events.map(({ id }) => id)],
    );
    return rows.length === events.length;
  }

  async deadLetters(): Promise<readonly LyingLetter[]> {
    const found: LyingLetter[] = [];
    await this.parts.letters.read((letter) => found.push(letter));
    return found;
  }

  async close(): Promise<void> {
    const { kafka, bus, letters, admin, producer } = this.parts;
    await Promise.all(this.#started.map(({ process }) => process.stop()));
    await Promise.all([bus.close(), letters.close(), admin.disconnect(), producer.disconnect()]);
    await kafka.stop();
    await this.database.drop();
  }
}
