import { DependencyUnavailable } from '#kernel';

/** What kafkajs's errors are, by name, for an operator. Its own text follows where it says more. */
const REASONS: Readonly<Record<string, string>> = {
  KafkaJSConnectionError: 'no broker can be reached',
  KafkaJSConnectionClosedError: 'the connection was cut',
  KafkaJSBrokerNotFound: 'no broker can be reached',
  KafkaJSRequestTimeoutError: 'no answer in time',
  KafkaJSSASLAuthenticationError: 'the broker does not accept our user, password or mechanism',
  KafkaJSLockTimeout: 'no answer in time',
};

/** What the protocol's error codes ask an operator to do. */
const PROTOCOL_REASONS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'our user lacks a right on a topic: see deploy/kafka/acls.md',
  GROUP_AUTHORIZATION_FAILED:
    'our user lacks a right on the consumer group: see deploy/kafka/acls.md',
  CLUSTER_AUTHORIZATION_FAILED: 'our user lacks a right on the cluster: see deploy/kafka/acls.md',
  UNKNOWN_TOPIC_OR_PARTITION: 'a topic does not exist: create those of deploy/kafka/topics.yaml',
  NOT_ENOUGH_REPLICAS: 'too few replicas are in sync to store a record durably',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 'too few replicas are in sync to store a record durably',
  MESSAGE_TOO_LARGE: 'a batch is larger than the topic allows (max.message.bytes)',
};

/** What went wrong, with where: brokers are named, values of records never. */
export function kafkaFailure(error: unknown, brokers: readonly string[]): DependencyUnavailable {
  if (error instanceof DependencyUnavailable) return error;
  return new DependencyUnavailable('kafka', `Kafka at ${brokers.join(', ')}: ${reasonOf(error)}`, {
    cause: error,
  });
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  const origin = originOf(error);
  const type = 'type' in origin && typeof origin.type === 'string' ? origin.type : '';
  const known = PROTOCOL_REASONS[type] ?? REASONS[origin.name];
  return known === undefined ? origin.message : `${known} (${origin.message})`;
}

/** kafkajs wraps what failed in what gave up. */
const originOf = (error: Error): Error =>
  error.cause instanceof Error ? originOf(error.cause) : error;
