import { setTimeout as pause } from 'node:timers/promises';
import { type Admin } from 'kafkajs';
import { type Topic, TOPIC_LAYOUTS } from '#events';
import { DependencyUnavailable } from '#kernel';
import { kafkaClient, type KafkaConnectOptions } from './kafka-connection.js';
import { kafkaFailure } from './kafka-failure.js';

/** What a cluster decides and a topic's layout does not. */
export interface TopicDurability {
  readonly replicationFactor: number;
  readonly minInSyncReplicas: number;
}

const PATIENCE = { requestTimeoutMs: 5_000, retries: 0 };
const RETRY_PAUSE_MS = 500;

/** The topics of Postern on a cluster: are they there, and as they must be. Keeps one connection until `close`. */
export class KafkaTopics {
  #admin: Admin;

  constructor(private readonly options: KafkaConnectOptions) {
    this.#admin = this.#freshAdmin();
  }

  /** Resolves when a broker answers. @throws DependencyUnavailable, within five seconds a broker */
  async ping(): Promise<void> {
    await this.#ask((admin) => admin.describeCluster());
  }

  /** Tries until a broker answers. @throws DependencyUnavailable when none did for `deadlineMs`. */
  async reach(deadlineMs: number): Promise<void> {
    const until = performance.now() + deadlineMs;
    for (;;) {
      const failure = await this.ping().then(
        () => undefined,
        (error: unknown) => kafkaFailure(error, this.options.brokers),
      );
      if (failure === undefined) return;
      if (performance.now() + RETRY_PAUSE_MS > until) throw failure;
      await pause(RETRY_PAUSE_MS);
    }
  }

  /** @throws DependencyUnavailable that names each topic that is missing or has another number of partitions. */
  async check(): Promise<void> {
    const found = await this.#ask(partitionCounts);
    const problems = Object.entries(TOPIC_LAYOUTS).flatMap(([topic, { partitions }]) => {
      const count = found.get(topic);
      if (count === partitions) return [];
      return count === undefined
        ? [`topic ${topic} does not exist`]
        : [`topic ${topic} has ${count} partitions instead of ${partitions}`];
    });
    if (problems.length === 0) return;
    throw new DependencyUnavailable(
      'kafka',
      `Kafka at ${this.options.brokers.join(', ')}: ${problems.join('; ')}. ` +
        'deploy/kafka/topics.yaml says how they must be; the number of partitions cannot be changed later',
    );
  }

  /**
   * Makes those that are missing, and resolves to their names. For tests, demos and docker compose: in production an
   * administrator makes them.
   */
  async createMissing(durability: TopicDurability): Promise<readonly Topic[]> {
    return this.#ask(async (admin) => {
      const found = await partitionCounts(admin);
      const missing = (Object.keys(TOPIC_LAYOUTS) as Topic[]).filter((topic) => !found.has(topic));
      const topics = missing.map((topic) => topicConfig(topic, durability));
      if (topics.length > 0) await admin.createTopics({ topics, waitForLeaders: true });
      return missing;
    });
  }

  async close(): Promise<void> {
    await this.#admin.disconnect();
  }

  #freshAdmin(): Admin {
    return kafkaClient(this.options, PATIENCE).admin({ retry: { retries: PATIENCE.retries } });
  }

  async #ask<T>(question: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = this.#admin;
    try {
      await admin.connect();
      return await question(admin);
    } catch (error) {
      // It may hold a connection that is dead; the next question begins with a new one.
      this.#admin = this.#freshAdmin();
      await admin.disconnect();
      throw kafkaFailure(error, this.options.brokers);
    }
  }
}

async function partitionCounts(admin: Admin): Promise<Map<string, number>> {
  const existing = new Set(await admin.listTopics());
  const topics = Object.keys(TOPIC_LAYOUTS).filter((topic) => existing.has(topic));
  // Without names it would be asked for every topic of the cluster.
  if (topics.length === 0) return new Map();
  const metadata = await admin.fetchTopicMetadata({ topics });
  return new Map(metadata.topics.map(({ name, partitions }) => [name, partitions.length]));
}

function topicConfig(
  topic: Topic,
  durability: TopicDurability,
): Parameters<Admin['createTopics']>[0]['topics'][number] {
  const { partitions, cleanup, retentionMs } = TOPIC_LAYOUTS[topic];
  return {
    topic,
    numPartitions: partitions,
    replicationFactor: durability.replicationFactor,
    configEntries: [
      { name: 'cleanup.policy', value: cleanup },
      { name: 'retention.ms', value: String(retentionMs) },
      { name: 'min.insync.replicas', value: String(durability.minInSyncReplicas) },
      { name: 'unclean.leader.election.enable', value: 'false' },
    ],
  };
}
