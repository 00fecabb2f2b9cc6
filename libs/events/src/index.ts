export { type ActorBlock } from './actor-block.js';
export { type CallDenialReason, type CallOutcome } from './call-events.js';
export { CATALOGUE, dataSchemaOf, type EventDataOf, type EventType, topicOf } from './catalogue.js';
export {
  type BusRecord,
  EventBus,
  type Reading,
  type RecordPlace,
  type RejectedRecord,
  type RejectionVerdict,
  type Subscription,
  type SubscriptionHandle,
  type SubscriptionProgress,
} from './event-bus.js';
export { CommandFeed, type IncomingCommand } from './command-feed.js';
export { type CommandAction, type CommandRejection } from './command-events.js';
export { type DeadLetter, DeadLetters } from './dead-letters.js';
export { EVENT_BYTES_MAX, EventJournal } from './event-journal.js';
export { Evidence, EVIDENCE_KEPT_DAYS } from './evidence.js';
export { type ExchangeDenialReason } from './exchange-events.js';
export {
  type RevocationInitiator,
  type RevocationScope,
  revocationScopes,
} from './handle-events.js';
export { Outbox, OUTBOX_SHARDS, type OutboxBacklog, type OutboxBatch } from './outbox.js';
export { type SignalOutcome } from './signal-events.js';
export { POLICY_LIST_MAX, REVIEW_NOTICE_DAYS, type ReviewNoticeDays } from './policy-events.js';
export {
  type EventDraft,
  EventFactory,
  type EventOrigin,
  type PosternEvent,
  type RecordedEvent,
  type Severity,
  topicOfEvent,
} from './postern-event.js';
export { probeBreached } from './probe-breached.js';
export { EVENT_TOPICS, TOPICS, type Topic } from './topics.js';
export { EventTooLarge } from './event-too-large.js';
export { OutboxLeaseLost } from './outbox-lease-lost.js';
export { describeEvent } from './describe-event.js';
export { EventUnreadable, type UnreadableReason } from './event-unreadable.js';
export { ENVELOPE_SCHEMA_ID, type PublishedSchema, publishedSchemas } from './published-schemas.js';
export {
  decodeStructured,
  encodeStructured,
  type IncomingRecord,
  isEventType,
  STRUCTURED_CONTENT_TYPE,
  type StructuredRecord,
} from './structured-event.js';
export { TOPIC_LAYOUTS, type TopicLayout } from './topics.js';
export { type CountedEvent, SUM_WINDOW_MS, SummingJournal } from './summing-journal.js';
export { withoutCredentials } from './without-credentials.js';
