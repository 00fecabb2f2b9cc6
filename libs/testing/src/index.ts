export {};
export { InMemorySecretStore } from './in-memory-secret-store.js';
export {
  secretStoreContract,
  type SecretStoreUnderTest,
  secretWithdrawalContract,
  type WithdrawingStoreUnderTest,
} from './secret-store.contract.js';
export { InMemoryRotatedSecrets } from './in-memory-rotated-secrets.js';
export { InMemoryIntakeKeys, InMemorySealedWraps } from './in-memory-sealed-wraps.js';
export { InMemoryWrappingTokens } from './in-memory-wrapping-tokens.js';
export {
  rotatedSecretsContract,
  type RotatedSecretsUnderTest,
} from './rotated-secrets.contract.js';
export {
  wrappingTokensContract,
  type WrappingTokensUnderTest,
} from './wrapping-tokens.contract.js';
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
export { athOf, DpopKey, type DpopKeyOptions, type DpopTestAlgorithm } from './dpop-key.js';
export { InMemoryProofUses } from './in-memory-proof-uses.js';
export { proofUsesContract, type ProofUsesUnderTest } from './proof-uses.contract.js';
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
export { type GrantAndRequest, grantAndRequest } from './policy-arbitraries.js';
export { eventBusContract, type EventBusUnderTest } from './event-bus.contract.js';
export { InMemoryEventBus } from './in-memory-event-bus.js';
export { InMemoryCommandFeed } from './in-memory-command-feed.js';
export { InMemoryDeadLetters } from './in-memory-dead-letters.js';
export { deadLettersContract, type DeadLettersUnderTest } from './dead-letters.contract.js';
export { InMemoryTopics } from './in-memory-topics.js';
export { eventBusVerdictContract } from './event-bus-verdict.contract.js';
export { keySourceContract, type KeySourceUnderTest } from './key-source.contract.js';
export { aVerifier, type VerifierUnderTest, verifyMinted } from './verifier-under-test.js';
export { EventListener, until } from './event-listener.js';
export {
  aCallCompleted,
  aCallStart,
  aFirstUse,
  type CallLedgerUnderTest,
  type LedgerHandle,
} from './call-ledger-under-test.js';
export { callLedgerContract } from './call-ledger.contract.js';
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
export { handleStoreContract } from './handle-store.contract.js';
export { aReceipt, type HandleStoreUnderTest } from './handle-store-under-test.js';
export { InMemoryEventJournal } from './in-memory-event-journal.js';
export { InMemoryHandleRecords } from './in-memory-handle-records.js';
export { InMemoryHandleStore, InMemorySubjectTokenUses } from './in-memory-handle-store.js';
export { inMemoryOrderStores } from './in-memory-order-stores.js';
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
  anUpstreamRequest,
  http1Server,
  http2Server,
  type UpstreamServer,
  type UpstreamUnderTest,
} from './upstream-server.js';
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
export { evidenceContract, type EvidenceUnderTest } from './evidence.contract.js';
export { InMemoryEvidence } from './in-memory-evidence.js';
export {
  aCanary,
  canaryStoreContract,
  type CanaryStoreUnderTest,
} from './canary-store.contract.js';
export { InMemoryCanaryStore } from './in-memory-canary-store.js';
export {
  InMemoryRestrictedExchanges,
  InMemoryRestrictionStore,
  InMemoryUsualExchanges,
} from './in-memory-restrictions.js';
export {
  aRestriction,
  restrictionsContract,
  type RestrictionsUnderTest,
} from './restrictions.contract.js';
export { InMemoryReviewNotices } from './in-memory-review-notices.js';
export { reviewNoticesContract, type ReviewNoticesUnderTest } from './review-notices.contract.js';
export { InMemoryTokenIntrospector } from './in-memory-token-introspector.js';
export {
  anIntrospectionAnswer,
  anIntrospectionDeclaration,
  anIntrospectionRegistration,
} from './introspection-builders.js';
export {
  tokenIntrospectorContract,
  type TokenIntrospectorUnderTest,
} from './token-introspector.contract.js';
export { aMesh, type MeshUnderTest, TestTrustDomain } from './trust-domain-under-test.js';
export {
  TestCertificate,
  type TestCertificateOptions,
  type TestExtension,
} from './test-certificates.js';
export { SVID_UNDER_TEST, SvidsUnderTest } from './svids-under-test.js';
export { type DestinationCertificate, destinationCertificate } from './destination-certificate.js';
export { commandClaims, SignalsUnderTest, subjectOf } from './signals-under-test.js';
export { codePoint } from './code-point.js';
export { InMemoryCredentialBook } from './in-memory-credential-book.js';
export { InMemoryCredentialCensus } from './in-memory-credential-census.js';
export { InMemoryLoginBudget } from './in-memory-login-budget.js';
export { InMemoryRotationOrders } from './in-memory-rotation-orders.js';
export { InMemoryRotationStore } from './in-memory-rotation-store.js';
export { InMemoryRotationUpkeep } from './in-memory-rotation-upkeep.js';
export { InMemoryRotationWorld } from './in-memory-rotation-world.js';
export {
  aRotation,
  aRotationEvent,
  ROTATION_REQUESTED_AT,
  rotationTerms,
  TEST_ROTATED_REF,
} from './rotation-builders.js';
export { credentialChangerContract } from './credential-changer.contract.js';
export {
  accountFields,
  type ChangedCredential,
  type ChangerVariant,
  type CredentialChangerUnderTest,
  hostileText,
} from './credential-changer-under-test.js';
export { credentialBreakerContract } from './credential-breaker.contract.js';
export { credentialRefusalsContract } from './credential-refusals.contract.js';
export { aReport, calls, credentialCensusContract } from './credential-census.contract.js';
export { loginBudgetContract } from './login-budget.contract.js';
export { rotationCommitContract } from './rotation-commit.contract.js';
export { rotationInterventionContract } from './rotation-intervention.contract.js';
export { rotationStoreContract } from './rotation-store.contract.js';
export {
  aDueRotation,
  adopted,
  CURRENT,
  leasedIn,
  type RotationStoresUnderTest,
  stepTo,
} from './rotation-stores-under-test.js';
export { rotationUpkeepContract } from './rotation-upkeep.contract.js';
export {
  type ChangeFate,
  legacyFields,
  LegacyAccount,
  LegacyChanger,
  LegacyProbe,
  legacyValue,
} from './legacy-account.js';
export {
  MANAGED_REF,
  ManagedUnderTest,
  UNMANAGED_REF,
  WatchedOutcome,
} from './managed-under-test.js';
export { SlowCensus } from './slow-census.js';
export { RIG_CREATION_PATH, RotationRig } from './rotation-rig.js';
export { auditLogContract, type AuditLogUnderTest } from './audit-log.contract.js';
export { InMemoryAuditLog } from './in-memory-audit-log.js';
export {
  aCheckpointer,
  anExport,
  AUDIT_NAME,
  auditEventFactory,
  exportedLines,
  InMemorySigner,
  publicPemOf,
  recordedEvents,
  seededKey,
} from './audited-export.js';
export {
  aCandidate,
  aDeniedCall,
  aDeniedExchange,
  anActor,
  aPermittedExchange,
  aRecordedEvent,
  aRevokedHandle,
  DETECTION_AT,
  detectionSettings,
  OTHER_CLIENT,
  TEST_CLIENT,
  TEST_DEPLOYMENT,
} from './detection-builders.js';
export { detectionStoreContract } from './detection-store.contract.js';
export {
  type DetectionStoreUnderTest,
  raising,
  settingsWith,
} from './detection-store-under-test.js';
export {
  evidenceHistoryContract,
  type EvidenceUnderRules,
  testZones,
} from './evidence-history.contract.js';
export { InMemoryDetectionStore } from './in-memory-detection-store.js';
export { InMemoryEvidenceHistory, InMemoryEvidenceLog } from './in-memory-evidence-log.js';
export { InMemoryResponseOrders } from './in-memory-response-orders.js';
export { responseOrdersContract } from './response-orders.contract.js';
export { planOf, TAMPERINGS, type Tampered } from './export-mutations.js';
export { SeededChance } from './seeded-chance.js';
export { DetectionRig } from './detection-rig.js';
export {
  dryRunRequestsContract,
  type DryRunRequestsUnderTest,
} from './dry-run-requests.contract.js';
export { responseRecordsContract } from './response-records.contract.js';
export { soleDutyContract, type SoleDutyUnderTest } from './sole-duty.contract.js';
export { type InMemoryDuties, InMemorySoleDuty } from './in-memory-sole-duty.js';
export { InMemoryDryRun } from './in-memory-dry-run.js';
export { InMemoryCandidateFeed } from './in-memory-candidate-feed.js';
export { InMemoryRuleEvaluator } from './in-memory-rule-evaluator.js';
export { InMemoryDryRunRequests } from './in-memory-dry-run-requests.js';
export { InMemoryResponseRecords } from './in-memory-response-records.js';
