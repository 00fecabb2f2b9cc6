export {};
export { InMemorySecretStore } from './in-memory-secret-store.js';
export {
  secretStoreContract,
  type SecretStoreUnderTest,
  secretWithdrawalContract,
  type WithdrawingStoreUnderTest,
} from './secret-store.contract.js';
export { InMemoryOutbox, InMemoryOutboxLog } from './in-memory-outbox.js';
export { anOutboxEvent, outboxContract, type OutboxUnderTest } from './outbox.contract.js';
export { FixedClock } from './fixed-clock.js';
export { InMemoryKeySource } from './in-memory-key-source.js';
export {
  type JwsPart,
  type TestAlgorithm,
  TestIssuer,
  type TestIssuerOptions,
} from './token-builder.js';
export { grantSourceContract, type GrantSourceUnderTest } from './grant-source.contract.js';
export { InMemoryGrantSource } from './in-memory-grant-source.js';
export {
  aGrant,
  aGrantContext,
  aGrantFile,
  aGrantSet,
  anAccessRequest,
  aResource,
  aResourceRegistration,
  aResourceSet,
  aWorkloadIdentity,
  grantFields,
  ownTests,
  TEST_ENVIRONMENT,
  TEST_ISSUER,
  TEST_NOW,
  TEST_ORIGIN,
} from './policy-builders.js';
export { eventBusContract, type EventBusUnderTest } from './event-bus.contract.js';
export { InMemoryEventBus, InMemoryTopics } from './in-memory-event-bus.js';
export { keySourceContract, type KeySourceUnderTest } from './key-source.contract.js';
export { aVerifier, type VerifierUnderTest, verifyMinted } from './verifier-under-test.js';
export { EventListener, until } from './event-listener.js';
export {
  aCallCompleted,
  aCallStart,
  callLedgerContract,
  type CallLedgerUnderTest,
  type LedgerHandle,
} from './call-ledger.contract.js';
export { InMemoryCallLedger } from './in-memory-call-ledger.js';
export {
  aDenialEvent,
  aHandle,
  aHandleIssue,
  aHandleIssuedEvent,
  aHandleRevokedEvent,
  aSubjectTokenUse,
  HANDLE_ISSUED_AT,
} from './handle-builders.js';
export { eventJournalContract, type EventJournalUnderTest } from './event-journal.contract.js';
export { handleStoreContract, type HandleStoreUnderTest } from './handle-store.contract.js';
export { InMemoryEventJournal } from './in-memory-event-journal.js';
export {
  InMemoryHandleRecords,
  InMemoryHandleStore,
  InMemorySubjectTokenUses,
} from './in-memory-handle-store.js';
export {
  subjectTokenUsesContract,
  type SubjectTokenUsesUnderTest,
} from './subject-token-uses.contract.js';
export {
  aProxiedRegistration,
  aProxiedResource,
  CallPathParts,
  TEST_PASSWORD,
  TEST_SECRET_REF,
  TEST_USERNAME,
} from './injection-builders.js';
export { RecordingSink } from './recording-sink.js';
export { upstreamContract } from './upstream.contract.js';
export {
  aCaller,
  aFormRequest,
  ExchangeUnderTest,
  type ExchangeUnderTestOptions,
  formBody,
  type FormParameters,
  grantUnderTest,
  resourceUnderTest,
} from './exchange-under-test.js';
