export { agentFamily } from './agent-family.js';
export {
  type Candidate,
  type DetectionConfidence,
  type DetectionEntity,
  type PlannedResponse,
} from './candidate.js';
export { CandidateRefused, type CandidateRefusal } from './candidate-refused.js';
export { compileDetection, type DetectionDeclaration } from './compile-detection.js';
export {
  decideResponses,
  isRestriction,
  modeOf,
  RESPONSE_BUDGET_SECONDS,
  type ResponseDecision,
  type SuppressedBy,
  type SpentOrders,
} from './decide-responses.js';
export { type Detection, type DetectionResolution, detectionResolutions } from './detection.js';
export {
  afterClosing,
  detectionOf,
  grownBy,
  isSame,
  newResponses,
  withheldResponses,
} from './detection-life.js';
export {
  closedEvent,
  executedEvent,
  placeOf,
  raisedEvent,
  suppressedEvent,
  updatedEvent,
} from './detection-record.js';
export { DetectionPipeline, type DetectionPipelineParts } from './detection-pipeline.js';
export { type DetectionFilter, DetectionStore, type RaisedSum } from './detection-store.js';
export {
  EvidenceHistory,
  EvidenceLog,
  type GapSpan,
  isCountedKey,
  SEEN_MAX,
  type SeenClient,
  type SeenDenial,
  type SeenExchange,
  type SeenGap,
  type SeenReplay,
  type SeenRevocation,
} from './evidence-log.js';
export {
  DRY_RUN_DAYS,
  DRY_RUN_VALID_DAYS,
  DryRun,
  type DryRunEntity,
  type DryRunSum,
  enforces,
  heldBack,
  type PermittedSettings,
  settingsDigest,
} from './dry-run.js';
export { inlineCandidates } from './inline-candidates.js';
export { type InlineRuleId, inlineRules } from './inline-rules.js';
export { NetworkZones } from './network-zones.js';
export { type ResponseOrder, ResponseOrders, type ResponseResult } from './response-orders.js';
export { type EvaluationSpan, RuleEvaluator } from './rule-evaluator.js';
export {
  type DetectionSettings,
  isOn,
  type RuleSettings,
  shippedRules,
  thresholdOf,
} from './rule-settings.js';
export { RULES } from './rules.js';
export {
  type Rule,
  type RuleId,
  ruleIds,
  type RuleMode,
  ruleModes,
  type RuleTier,
} from './rule.js';
export {
  deploymentOf,
  seenDenial,
  seenExchange,
  seenReplay,
  seenRevocation,
} from './seen-events.js';
export { look, type Sighting } from './sighting.js';
export {
  CANDIDATE_AGE_MAX_SECONDS,
  StreamCandidates,
  type StreamCandidatesParts,
} from './stream-candidates.js';
export { STREAMED_RULES } from './streamed-rules.js';
export {
  type FailedRule,
  type RoundSum,
  StreamRound,
  type StreamRoundParts,
} from './stream-round.js';
export {
  DETECTION_OPEN_SECONDS_MAX,
  UpkeepOfDetections,
  type UpkeepOfDetectionsParts,
} from './upkeep-of-detections.js';
export { type UsualExchange, UsualExchanges } from './usual-exchanges.js';
export { type WindowedRuleId, windowedRules } from './windowed-rules.js';
export { SoleDuty } from './sole-duty.js';
export { type Zones } from './zones.js';
export { type AskedDryRun, DryRunRequests, type TriedRule } from './dry-runs.js';
export { type ResponseRecord, ResponseRecords } from './response-records.js';
export { accessEventId, type VaultAccess, VaultAccessLog } from './vault-access.js';
