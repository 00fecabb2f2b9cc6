export { type ActorBlock } from './actor-block.js';
export { type CallDenialReason, type CallOutcome } from './call-events.js';
export {
  CATALOGUE,
  dataSchemaOf,
  type EventDataOf,
  type EventType,
  topicOf,
} from './catalogue.js';
export { type BusRecord, EventBus, type Subscription, type SubscriptionHandle } from './event-bus.js';
export { EVENT_BYTES_MAX, EventJournal } from './event-journal.js';
export { type ExchangeDenialReason } from './exchange-events.js';
export { type RevocationInitiator } from './handle-events.js';
export { Outbox, OUTBOX_SHARDS, type OutboxBacklog, type OutboxBatch } from './outbox.js';
export {
  type EventDraft,
  EventFactory,
  type EventOrigin,
  type PosternEvent,
  type RecordedEvent,
  type Severity,
  topicOfEvent,
} from './postern-event.js';
export { TOPICS, type Topic } from './topics.js';
