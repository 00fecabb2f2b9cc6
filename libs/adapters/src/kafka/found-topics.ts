import kafkajs, { type Admin, type ConfigEntries } from 'kafkajs';
import { isUnauthorized, protocolError } from './admin-connection.js';
import { type FoundSetting, type FoundTopic, type TopicState } from './topic-differences.js';

/** What a cluster says of itself. */
export interface FoundCluster {
  readonly topics: ReadonlyMap<string, TopicState>;
  /** Those that are up. */
  readonly brokers: number;
}

/** Reads; changes nothing. Rejects with what kafkajs throws. */
export async function findTopics(admin: Admin, names: readonly string[]): Promise<FoundCluster> {
  const { brokers } = await admin.describeCluster();
  const visible = new Set(await admin.listTopics());
  const present = names.filter((name) => visible.has(name));
  const sizes = await sizesOf(admin, present);
  const settings = await settingsOf(admin, present);
  const topics = new Map<string, TopicState>();
  for (const name of names) {
    const size = sizes.get(name);
    topics.set(
      name,
      size === undefined ? await absence(admin, name) : { ...size, settings: settings.get(name) },
    );
  }
  return { topics, brokers: brokers.length };
}

type Size = Pick<FoundTopic, 'partitions' | 'replicationFactor'>;

async function sizesOf(admin: Admin, topics: readonly string[]): Promise<Map<string, Size>> {
  // Without names it would be asked for every topic of the cluster.
  if (topics.length === 0) return new Map();
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  return new Map(
    metadata.topics.map(({ name, partitions }) => [
      name,
      {
        partitions: partitions.length,
        replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
      },
    ]),
  );
}

/** A list of topics leaves out those that we may not see. Asked for one by its name, Kafka says so. */
async function absence(admin: Admin, topic: string): Promise<TopicState> {
  return admin.fetchTopicMetadata({ topics: [topic] }).then(
    () => 'missing', // Made in this moment: the next look will find it.
    (error: unknown) => {
      if (isUnauthorized(error)) return 'hidden';
      if (protocolError(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return 'missing';
      throw error;
    },
  );
}

type Settings = ReadonlyMap<string, FoundSetting>;

/** Of those whose settings we may read. */
async function settingsOf(admin: Admin, topics: readonly string[]): Promise<Map<string, Settings>> {
  if (topics.length === 0) return new Map();
  return describeTopics(admin, topics).catch(async (error: unknown) => {
    if (!isUnauthorized(error)) throw error;
    // One that we may not read hides the others: each is asked for by itself.
    const each = new Map<string, Settings>();
    for (const topic of topics) {
      const found = await unlessUnauthorized(describeTopics(admin, [topic]));
      found?.forEach((settings, name) => each.set(name, settings));
    }
    return each;
  });
}

async function describeTopics(
  admin: Admin,
  topics: readonly string[],
): Promise<Map<string, Settings>> {
  const type = kafkajs.ConfigResourceTypes.TOPIC;
  const { resources } = await admin.describeConfigs({
    resources: topics.map((name) => ({ type, name })),
    includeSynonyms: false,
  });
  return new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(settingOf)),
    ]),
  );
}

const settingOf = ({
  configName,
  configValue,
  configSource,
}: ConfigEntries): [string, FoundSetting] => [
  configName,
  { value: configValue, own: configSource === kafkajs.ConfigSource.TOPIC_CONFIG },
];

const AUTO_CREATION = 'auto.create.topics.enable';

/**
 * Whether a broker that is up makes topics that it does not know; undefined when that cannot be read, mostly for want of the
 * right to. Never rejects.
 */
export async function createsTopicsUnasked(admin: Admin): Promise<boolean | undefined> {
  const type = kafkajs.ConfigResourceTypes.BROKER;
  const asking = admin.describeCluster().then(({ brokers }) =>
    admin.describeConfigs({
      resources: brokers.map(({ nodeId }) => ({
        type,
        name: String(nodeId),
        configNames: [AUTO_CREATION],
      })),
      includeSynonyms: false,
    }),
  );
  const answer = await asking.catch(() => undefined);
  return answer?.resources.some(({ configEntries }) =>
    configEntries.some(
      ({ configName, configValue }) => configName === AUTO_CREATION && configValue === 'true',
    ),
  );
}

const unlessUnauthorized = async <T>(asking: Promise<T>): Promise<T | undefined> =>
  asking.catch((error: unknown) => {
    if (isUnauthorized(error)) return undefined;
    throw error;
  });
