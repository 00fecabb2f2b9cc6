/** The Kafka topics of Postern, named with the major version of their records; a family has one topic. */
export const TOPICS = {
  exchange: 'postern.exchange.v1',
  handle: 'postern.handle.v1',
  call: 'postern.call.v1',
  policy: 'postern.policy.v1',
  revocationState: 'postern.revocation-state.v1',
  credentialState: 'postern.credential-state.v1',
  rotation: 'postern.rotation.v1',
  detection: 'postern.detection.v1',
  command: 'postern.command.v1',
  auditCheckpoint: 'postern.audit-checkpoint.v1',
  canary: 'postern.canary.v1',
  detectionCandidates: 'postern.detection-candidates.v1',
} as const;

export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/** Topics that others write: what they sign, and what a stream processor believes to have found. */
export const INCOMING_TOPICS: readonly Topic[] = [TOPICS.command, TOPICS.detectionCandidates];

/** Topics whose records are events of ours. */
export const EVENT_TOPICS: readonly Topic[] = Object.values(TOPICS).filter(
  (topic) => !INCOMING_TOPICS.includes(topic),
);

/** How a topic is laid out. `deploy/kafka/topics.yaml` says the same to those who create topics by other means. */
export interface TopicLayout {
  /**
   * What its records are keyed by; records of one key keep their order. An item is a grant, an issuer, the grant set, a
   * transmitter; a target is `<scope>:<id>`, such as `family:fam_...`; a candidate is named by rule, entity and beginning of
   * its window; a dead letter keeps its original key.
   */
  readonly key:
    | ('subject_id' | 'handle_id' | 'item' | 'target' | 'resource' | 'log_id' | 'shard')
    | ('candidate' | 'original');
  /** Fixed for the life of the topic: another count would send a key to another partition, and break its order. */
  readonly partitions: number;
  readonly cleanup: 'delete' | 'compact';
  /** Of `delete`; -1: kept for ever. */
  readonly retentionMs: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const PARTITIONS = 12;

const kept = (key: TopicLayout['key'], retentionMs: number): TopicLayout => ({
  key,
  partitions: PARTITIONS,
  cleanup: 'delete',
  retentionMs,
});

/** The last record of each key stays; how long the others and the tombstones do is said by the topic's settings. */
const state = (key: TopicLayout['key']): TopicLayout => ({
  key,
  partitions: PARTITIONS,
  cleanup: 'compact',
  retentionMs: -1,
});

export const TOPIC_LAYOUTS: Readonly<Record<Topic, TopicLayout>> = {
  [TOPICS.exchange]: kept('subject_id', 30 * DAY_MS),
  [TOPICS.handle]: kept('handle_id', 30 * DAY_MS),
  [TOPICS.call]: { ...kept('handle_id', 7 * DAY_MS), partitions: 24 },
  [TOPICS.policy]: kept('item', 365 * DAY_MS),
  [TOPICS.revocationState]: state('target'),
  [TOPICS.credentialState]: state('resource'),
  [TOPICS.rotation]: kept('resource', 365 * DAY_MS),
  [TOPICS.detection]: kept('subject_id', 365 * DAY_MS),
  [TOPICS.command]: kept('target', 7 * DAY_MS),
  [TOPICS.auditCheckpoint]: { ...kept('log_id', -1), partitions: 1 },
  [TOPICS.canary]: kept('shard', HOUR_MS),
  [TOPICS.detectionCandidates]: kept('candidate', 7 * DAY_MS),
};

/**
 * Consumer groups of ours that read evidence: what one of them gives up on goes to a topic of its own, so that the
 * group can go on.
 */
export const EVIDENCE_GROUPS = ['postern-canary-watch', 'postern-sentinel'] as const;

export type EvidenceGroup = (typeof EVIDENCE_GROUPS)[number];

/** Where the dead letters of a consumer group lie. Other groups than ours may have one, laid out alike. */
export const deadLetterTopicOf = <Group extends string>(group: Group): `postern.dlq.${Group}.v1` =>
  `postern.dlq.${group}.v1`;

/** Records of others as they were: no events of ours, and larger by their headers. */
export const DEAD_LETTER_LAYOUT: TopicLayout = kept('original', 30 * DAY_MS);

export type DeadLetterTopic = `postern.dlq.${EvidenceGroup}.v1`;

/** Every topic that a cluster must have for Postern, with its layout. */
export const LAYOUTS_BY_NAME: ReadonlyMap<Topic | DeadLetterTopic, TopicLayout> = new Map([
  ...(Object.entries(TOPIC_LAYOUTS) as [Topic, TopicLayout][]),
  ...EVIDENCE_GROUPS.map((group) => [deadLetterTopicOf(group), DEAD_LETTER_LAYOUT] as const),
]);
