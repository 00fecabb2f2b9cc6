import {
  deadLetterTopicOf,
  EVENT_TOPICS,
  EVIDENCE_GROUPS,
  TOPIC_LAYOUTS,
  TOPICS,
  type Topic,
} from '#events';

/** Who works with the topics: processes of Postern, and those around it. */
export const KAFKA_ROLES = [
  'relay',
  'proxy',
  'control',
  'sentinel',
  'siem',
  'soar',
  'stream-processor',
  'tail',
  'dead-letters',
] as const;
export type KafkaRole = (typeof KAFKA_ROLES)[number];

/** The roles that processes of Postern have; the others are given by name only. */
export const OWN_ROLES: readonly KafkaRole[] = ['relay', 'proxy', 'control', 'sentinel'];

/** The Kafka user of each role, unless another is named. */
export const DEFAULT_PRINCIPALS: Readonly<Record<KafkaRole, string>> = {
  relay: 'User:postern-relay',
  proxy: 'User:postern-proxy',
  control: 'User:postern-control',
  sentinel: 'User:postern-sentinel',
  siem: 'User:siem',
  soar: 'User:soar',
  'stream-processor': 'User:stream-processor',
  tail: 'User:postern-tail',
  'dead-letters': 'User:postern-dead-letters',
};

export type KafkaOperation = 'Read' | 'Write' | 'Describe' | 'DescribeConfigs';

export interface KafkaPlace {
  readonly kind: 'topic' | 'group';
  readonly name: string;
  /** `prefixed`: every one whose name begins so. */
  readonly pattern: 'literal' | 'prefixed';
}

/** What a role may do with some topics or groups, and what for. */
export interface KafkaRight {
  readonly role: KafkaRole;
  readonly on: readonly KafkaPlace[];
  readonly may: readonly KafkaOperation[];
  readonly why: string;
}

const topics = (...names: readonly string[]): readonly KafkaPlace[] =>
  names.map((name) => ({ kind: 'topic', name, pattern: 'literal' }));
const group = (name: string): readonly KafkaPlace[] => [
  { kind: 'group', name, pattern: 'literal' },
];
const groups = (prefix: string): readonly KafkaPlace[] => [
  { kind: 'group', name: prefix, pattern: 'prefixed' },
];

/** What analysts and detection read: neither state, which only our processes need, nor canaries. */
export const EVIDENCE_TOPICS: readonly Topic[] = EVENT_TOPICS.filter(
  (topic) => TOPIC_LAYOUTS[topic].cleanup === 'delete' && topic !== TOPICS.canary,
);
/** What the views of deploy/streaming/sources.sql are made of. */
const STREAMED_TOPICS: readonly Topic[] = [TOPICS.exchange, TOPICS.call, TOPICS.rotation];
const DEAD_LETTER_TOPICS = EVIDENCE_GROUPS.map((name) => deadLetterTopicOf(name));

const PUBLISH = ['Write', 'Describe', 'DescribeConfigs'] as const;
const CONSUME = ['Read', 'Describe', 'DescribeConfigs'] as const;
const OFFSETS = 'stores how far it has read';

/**
 * Who needs what, and nothing else: nobody has Create, Alter, Delete or ClusterAction, nobody needs a transactional id.
 * DescribeConfigs lets a process look at its start whether its topics lose records.
 */
export const KAFKA_RIGHTS: readonly KafkaRight[] = [
  { role: 'relay', on: topics(...EVENT_TOPICS), may: PUBLISH, why: 'publishes the outbox' },
  { role: 'relay', on: topics(TOPICS.canary), may: ['Read'], why: 'watches that canaries arrive' },
  {
    role: 'relay',
    on: groups('postern-canary-watch'),
    may: ['Read'],
    why: 'each relay has a group of its own',
  },
  {
    role: 'relay',
    on: topics(deadLetterTopicOf('postern-canary-watch')),
    may: PUBLISH,
    why: 'lays aside what its group cannot handle',
  },
  {
    role: 'proxy',
    on: topics(TOPICS.revocationState, TOPICS.credentialState),
    may: CONSUME,
    why: 'learns of revocations and rotations; each instance reads all of it',
  },
  {
    role: 'proxy',
    on: groups('postern-proxy-'),
    may: ['Read'],
    why: 'each instance has a group of its own',
  },
  { role: 'control', on: topics(TOPICS.command), may: CONSUME, why: 'carries out signed commands' },
  { role: 'control', on: group('postern-control-commands'), may: ['Read'], why: OFFSETS },
  { role: 'sentinel', on: topics(...EVIDENCE_TOPICS), may: CONSUME, why: 'looks for misuse' },
  { role: 'sentinel', on: groups('postern-sentinel-'), may: ['Read'], why: OFFSETS },
  {
    role: 'sentinel',
    on: topics(deadLetterTopicOf('postern-sentinel')),
    may: PUBLISH,
    why: 'lays aside what its group cannot handle',
  },
  {
    role: 'sentinel',
    on: topics(TOPICS.detectionCandidates),
    may: CONSUME,
    why: 'looks where a stream processor found something',
  },
  {
    role: 'siem',
    on: topics(...EVIDENCE_TOPICS),
    may: ['Read', 'Describe'],
    why: 'keeps evidence',
  },
  { role: 'siem', on: group('siem'), may: ['Read'], why: OFFSETS },
  {
    role: 'soar',
    on: topics(TOPICS.command),
    may: ['Write', 'Describe'],
    why: 'issues commands; each is signed as well, by a registered transmitter',
  },
  {
    role: 'stream-processor',
    on: topics(...STREAMED_TOPICS),
    may: ['Read', 'Describe'],
    why: 'computes the rules that look at windows',
  },
  {
    role: 'stream-processor',
    on: groups('postern-rules'),
    may: ['Read'],
    why: OFFSETS,
  },
  {
    role: 'stream-processor',
    on: topics(TOPICS.detectionCandidates),
    may: ['Write', 'Describe'],
    why: 'tells what it found; nothing comes of it that the evidence does not bear out',
  },
  {
    role: 'tail',
    on: topics(...EVENT_TOPICS),
    may: ['Read', 'Describe'],
    why: 'people who run postern events tail',
  },
  { role: 'tail', on: groups('postern-tail-'), may: ['Read'], why: 'a group of its own each time' },
  {
    role: 'dead-letters',
    on: topics(...DEAD_LETTER_TOPICS),
    may: ['Read', 'Describe'],
    why: 'people who run postern dlq list',
  },
  {
    role: 'dead-letters',
    on: groups('postern-dlq-'),
    may: ['Read'],
    why: 'a group of its own each time',
  },
];

/** The topics that a role names one by one: those that a process looks at when it starts. */
export const topicsOf = (role: KafkaRole): readonly string[] => [
  ...new Set(
    KAFKA_RIGHTS.filter((right) => right.role === role)
      .flatMap(({ on }) => on)
      .flatMap(({ kind, name, pattern }) =>
        kind === 'topic' && pattern === 'literal' ? [name] : [],
      ),
  ),
];

/** One line of an access control list: a right of a principal on one thing. */
export interface KafkaGrant extends KafkaPlace {
  readonly principal: string;
  readonly operation: KafkaOperation;
}

export type KafkaPrincipals = ReadonlyMap<KafkaRole, readonly string[]>;

/** Processes of Postern by their default names. */
export const OWN_PRINCIPALS: KafkaPrincipals = new Map(
  OWN_ROLES.map((role) => [role, [DEFAULT_PRINCIPALS[role]]]),
);

/** All that the principals of the roles need, each once. */
export function grantsFor(principals: KafkaPrincipals): readonly KafkaGrant[] {
  const all = KAFKA_RIGHTS.flatMap(({ role, on, may }) =>
    (principals.get(role) ?? []).flatMap((principal) =>
      on.flatMap((place) => may.map((operation) => ({ principal, ...place, operation }))),
    ),
  );
  return [...new Map(all.map((grant) => [describeGrant(grant), grant])).values()];
}

/** Such as `User:postern-relay Write on topic postern.call.v1`. */
export const describeGrant = ({ principal, operation, kind, name, pattern }: KafkaGrant): string =>
  `${principal} ${operation} on ${kind} ${name}${pattern === 'prefixed' ? '*' : ''}`;
