import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import kafkajs, { type AclEntry, type Admin, type Kafka } from 'kafkajs';
import { type KafkaConnectOptions } from '#adapters/kafka';
import { Secret } from '#kernel';
import { TestKafka } from '#test-support';

type Mechanism = NonNullable<KafkaConnectOptions['sasl']>['mechanism'];

const USERS = [
  ...(['postern-relay', 'postern-proxy', 'postern-control', 'postern-sentinel'] as const),
  ...(['siem', 'soar', 'stream-processor', 'stranger'] as const),
];
export type ClusterUser = (typeof USERS)[number];

const passwordOf = (user: string): string => `canary-of-${user}`;

const TOPIC = kafkajs.ConfigResourceTypes.TOPIC;
const DEADLINE_MS = 60_000;
const PATIENT = { initialRetryTime: 100, retries: 10 };

/** Waits for what brokers show a moment after they were told. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${condition.toString()}`);
    await pause(20);
  }
}

/** A broker of its own with users, rights that count, and nothing on it. Who does not log in administers it. */
export class KafkaCluster {
  readonly problems: string[] = [];

  private constructor(readonly kafka: TestKafka) {}

  static async start(name: string, settings: Record<string, string> = {}): Promise<KafkaCluster> {
    const users = Object.fromEntries(USERS.map((user) => [user, passwordOf(user)]));
    return new KafkaCluster(await TestKafka.start(name, { users, settings }));
  }

  stop(): Promise<void> {
    return this.kafka.stop();
  }

  /** How a process that is its own administrator connects. */
  get administrator(): KafkaConnectOptions {
    return {
      brokers: [this.kafka.brokers],
      clientId: 'administrator',
      onProblem: (problem) => this.problems.push(problem),
    };
  }

  /** How a process logs in as that user. */
  as(user: ClusterUser, mechanism: Mechanism = 'scram-sha-256'): KafkaConnectOptions {
    const sasl = { mechanism, username: user, password: Secret.of(passwordOf(user)) };
    return { ...this.administrator, brokers: [this.kafka.saslBrokers], clientId: user, sasl };
  }

  /** What the command line finds in its environment. */
  environmentOf(user: ClusterUser): Record<string, string> {
    return {
      KAFKA_BROKERS: this.kafka.saslBrokers,
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD: passwordOf(user),
    };
  }

  /** Kafka's own client without any of our settings, so that what is refused is refused by the broker. */
  client(user: ClusterUser, retries = 0): Kafka {
    return new kafkajs.Kafka({
      brokers: [this.kafka.saslBrokers],
      clientId: user,
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { initialRetryTime: 100, retries },
      sasl: { mechanism: 'scram-sha-256', username: user, password: passwordOf(user) },
    });
  }

  async administer<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = new kafkajs.Kafka({
      brokers: [this.kafka.brokers],
      logLevel: kafkajs.logLevel.NOTHING,
    }).admin();
    await admin.connect();
    return work(admin).finally(() => admin.disconnect());
  }

  topics(): Promise<string[]> {
    return this.administer((admin) => admin.listTopics());
  }

  /** Resolves when it is gone. */
  async delete(topic: string): Promise<void> {
    await this.administer((admin) => admin.deleteTopics({ topics: [topic] }));
    await until(async () => !(await this.topics()).includes(topic));
  }

  /** As the only settings that the topic has of its own; resolves when they are in force. */
  async set(topic: string, settings: Record<string, string>): Promise<void> {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    const resources = [{ type: TOPIC, name: topic, configEntries }];
    await this.administer((admin) => admin.alterConfigs({ validateOnly: false, resources }));
    await until(async () => isDeepStrictEqual(await this.ownSettings(topic), settings));
  }

  ownSettings(topic: string): Promise<Record<string, string>> {
    return this.administer(async (admin) => {
      const resources = [{ type: TOPIC, name: topic }];
      const answer = await admin.describeConfigs({ resources, includeSynonyms: false });
      const own = answer.resources[0]!.configEntries.filter(
        ({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG,
      );
      return Object.fromEntries(
        own.map(({ configName, configValue }) => [configName, configValue]),
      );
    });
  }

  /** Resolves when these rights count. */
  async add(acl: AclEntry[]): Promise<void> {
    await this.administer((admin) => admin.createAcls({ acl }));
    await until(async () => {
      const found = await this.administer((admin) =>
        Promise.all(acl.map((entry) => admin.describeAcls(entry))),
      );
      return found.every(({ resources }) => resources.length > 0);
    });
  }

  /** Resolves when the broker took the record. */
  async write(user: ClusterUser, topic: string): Promise<void> {
    const producer = this.client(user).producer({
      allowAutoTopicCreation: false,
      createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
    });
    await producer.connect();
    await producer
      .send({ topic, acks: -1, messages: [{ key: 'k', value: '{}' }] })
      .finally(() => producer.disconnect());
  }

  /** Resolves when a member of that group has fetched from that topic. The first group on a broker waits for its coordinator. */
  async read(user: ClusterUser, topic: string, groupId: string): Promise<void> {
    const end = performance.now() + DEADLINE_MS;
    for (;;) {
      const error = await this.#readOnce(user, topic, groupId).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) return;
      if (!isLoading(error) || performance.now() > end) throw error as Error;
      await pause(100);
    }
  }

  async #readOnce(user: ClusterUser, topic: string, groupId: string): Promise<void> {
    const consumer = this.client(user, PATIENT.retries).consumer({
      groupId,
      maxWaitTimeInMs: 50,
      allowAutoTopicCreation: false,
      retry: { ...PATIENT, restartOnFailure: () => Promise.resolve(false) },
    });
    const fetched = new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.FETCH, () => resolve());
      consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    });
    fetched.catch(() => undefined);
    try {
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({ eachMessage: async () => undefined });
      await fetched;
    } finally {
      await consumer.disconnect();
    }
  }
}

/** What a coordinator answers until it has read its log: not a refusal. */
const isLoading = (error: unknown): boolean =>
  error instanceof kafkajs.KafkaJSError && error.message.includes('coordinator is loading');
