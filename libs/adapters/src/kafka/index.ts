export { type KafkaConnectOptions } from './kafka-connection.js';
export { KafkaEventBus } from './kafka-event-bus.js';
export { KafkaTopics, type TopicDurability } from './kafka-topics.js';
export { type KafkaDeclaration, kafkaOptions } from './kafka-options.js';
