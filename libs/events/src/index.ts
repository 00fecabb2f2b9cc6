export { type ActorBlock } from './actor-block.js';
export { asyncApiDocument } from './asyncapi.js';
export { type AsyncApiObject } from './asyncapi-messages.js';
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
export { BlockedPartitions, partitionName } from './blocked-partitions.js';
export { checkProgress, SUBSCRIPTION_IDLE_MAX_MS, SubscriptionStalled } from './check-progress.js';
export { KeptSubscription, type KeptSubscriptionParts } from './kept-subscription.js';
export { CommandFeed, type CommandReading, type IncomingCommand } from './command-feed.js';
export {
  type CommandAction,
  commandActions,
  type CommandRejection,
  type HandleAction,
  handleActions,
} from './command-events.js';
export { Consumption, type ConsumptionKind, type ConsumptionOptions } from './consumption.js';
export { type ConsumptionAlarm, type ConsumptionObserver } from './consumption-observer.js';
export { type BuriedLetter, type DeadLetter, DeadLetters } from './dead-letters.js';
export { EVENT_BYTES_MAX, EventJournal } from './event-journal.js';
export {
  DETECTION_EVIDENCE_MAX,
  detectionEntityTypes,
  detectionSeverities,
  type DetectionSeverity,
} from './detection-events.js';
export { CandidateFeed, type CandidateReading, type IncomingCandidate } from './candidate-feed.js';
export { decodeCandidate, type DetectionCandidate } from './detection-candidate.js';
export { HopelessRecord } from './hopeless-record.js';
export { type ResponseAction, responseActions } from './response-events.js';
export { type RestrictionKind, restrictionKinds } from './restriction-events.js';
export { Evidence, EVIDENCE_KEPT_DAYS } from './evidence.js';
export { type LeakReportRejection } from './leak-events.js';
export { type ExchangeDenialReason } from './exchange-events.js';
export {
  type RevocationInitiator,
  revocationInitiators,
  type RevocationScope,
  revocationScopes,
} from './handle-events.js';
export {
  type Backlog,
  backlogOf,
  Outbox,
  OUTBOX_SHARDS,
  type OutboxBacklog,
  type OutboxBatch,
  OutboxGauge,
} from './outbox.js';
export { type CanarySighting, CanaryTally } from './canary-tally.js';
export {
  EvidenceBudget,
  type EvidenceBudgetParts,
  type EvidenceState,
  PRESSURE_KNOWN_SECONDS,
} from './evidence-budget.js';
export { type SignalOutcome } from './signal-events.js';
export {
  POLICY_ITEMS_MAX,
  POLICY_LIST_MAX,
  REVIEW_NOTICE_DAYS,
  type ReviewNoticeDays,
} from './policy-events.js';
export {
  type EventDraft,
  EventFactory,
  type EventOrigin,
  isOfType,
  type PosternEvent,
  type RecordedEvent,
  type Severity,
  topicOfEvent,
} from './postern-event.js';
export { outcomeOf, type RecordOutcome, rejectionOf } from './record-outcome.js';
export { probeBreached } from './probe-breached.js';
export { EVENT_TOPICS, INCOMING_TOPICS, TOPICS, type Topic } from './topics.js';
export { EventTooLarge } from './event-too-large.js';
export { OutboxLeaseLost } from './outbox-lease-lost.js';
export { describeEvent } from './describe-event.js';
export { blockReasonOf, errorClassOf, errorOf } from './error-class.js';
export { decodeEvent, type EncodedEvent, encodeEvent, isTombstone } from './event-codec.js';
export { EventUnreadable, type UnreadableReason } from './event-unreadable.js';
export {
  ENVELOPE_SCHEMA_ID,
  incomingSchemas,
  type PublishedSchema,
  publishedSchemas,
} from './published-schemas.js';
export {
  decodeStructured,
  encodeStructured,
  type IncomingRecord,
  isEventType,
  STRUCTURED_CONTENT_TYPE,
  type StructuredRecord,
  validEvent,
} from './structured-event.js';
export {
  DEAD_LETTER_LAYOUT,
  type DeadLetterTopic,
  deadLetterTopicOf,
  EVIDENCE_GROUPS,
  type EvidenceGroup,
  LAYOUTS_BY_NAME,
  TOPIC_LAYOUTS,
  type TopicLayout,
} from './topics.js';
export { type CountedEvent, SUM_WINDOW_MS, SummingJournal } from './summing-journal.js';
export { type JsonObject } from './defined.js';
export { OCSF_VERSION } from './ocsf-event.js';
export { toCaep } from './to-caep.js';
export { toOcsf } from './to-ocsf.js';
export { withoutCredentials } from './without-credentials.js';
export { rotationActions, type RotationState, rotationStates } from './rotation-events.js';
export { wrapVerdicts } from './wrap-events.js';
export { type IncomingLine, LineFeed, type LineReading } from './line-feed.js';
