export { type KafkaConnectOptions } from './kafka-connection.js';
export { KafkaCandidateFeed } from './kafka-candidate-feed.js';
export { KafkaCommandFeed } from './kafka-command-feed.js';
export { KafkaDeadLetters } from './kafka-dead-letters.js';
export { KafkaDeadLetterTopic, type LyingLetter } from './kafka-dead-letter-topic.js';
export { KafkaEventBus } from './kafka-event-bus.js';
export { KafkaLineFeed } from './kafka-line-feed.js';
export { type AclSurvey, type AclTerms, KafkaAcls } from './kafka-acls.js';
export {
  DEFAULT_PRINCIPALS,
  describeGrant,
  KAFKA_ROLES,
  type KafkaGrant,
  type KafkaPrincipals,
  type KafkaRole,
  OWN_PRINCIPALS,
  topicsOf,
} from './kafka-rights.js';
export { KafkaTopics, type TopicSelection, type TopicSurvey } from './kafka-topics.js';
export { describeDifference, type TopicDifference } from './topic-differences.js';
export { describeStep, type PlanTerms, type TopicStep } from './topic-plan.js';
export { type TopicDurability } from './topic-settings.js';
export { type KafkaDeclaration, kafkaOptions } from './kafka-options.js';
