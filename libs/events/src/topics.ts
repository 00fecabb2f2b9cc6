/** The Kafka topics of Postern, named with the major version of their records; a family has one topic. */
export const TOPICS = {
  exchange: 'postern.exchange.v1',
  handle: 'postern.handle.v1',
  call: 'postern.call.v1',
  policy: 'postern.policy.v1',
} as const;

export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/** How a topic is laid out. `deploy/kafka/topics.yaml` says the same to those who create topics by other means. */
export interface TopicLayout {
  /** What its records are keyed by; records of one key keep their order. An item is a grant, an issuer, the grant set, a transmitter. */
  readonly key: 'subject_id' | 'handle_id' | 'item';
  /** Fixed for the life of the topic: another count would send a key to another partition, and break its order. */
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  readonly retentionMs: number;
}

const DAY_MS = 86_400_000;

export const TOPIC_LAYOUTS: Readonly<Record<Topic, TopicLayout>> = {
  [TOPICS.exchange]: {
    key: 'subject_id',
    partitions: 12,
    cleanup: 'delete',
    retentionMs: 30 * DAY_MS,
  },
  [TOPICS.handle]: {
    key: 'handle_id',
    partitions: 12,
    cleanup: 'delete',
    retentionMs: 30 * DAY_MS,
  },
  [TOPICS.call]: {
    key: 'handle_id',
    partitions: 24,
    cleanup: 'delete',
    retentionMs: 7 * DAY_MS,
  },
  [TOPICS.policy]: {
    key: 'item',
    partitions: 12,
    cleanup: 'delete',
    retentionMs: 365 * DAY_MS,
  },
};
