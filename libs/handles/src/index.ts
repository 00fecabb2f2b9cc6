export { addressMark, wasGivenTo } from './address-mark.js';
export { CachingHandleLookup } from './caching-handle-lookup.js';
export {
  type Canary,
  CANARIES_LIVE_MAX,
  type CanaryKind,
  canaryKinds,
  mintCanary,
  type MintedCanary,
} from './canary.js';
export { type CanaryFilter, CanaryStore, LiveCanaries } from './canary-store.js';
export { CANARIES_EVERY_MS, PlantedCanaries } from './planted-canaries.js';
export { presentedTexts } from './presented-texts.js';
export {
  type CountedKind,
  isStanding,
  KNOWN_RESOURCES_MAX,
  RESTRICTED_ENTITY,
  restrictedTarget,
  type Restriction,
  RESTRICTION_SECONDS,
  RESTRICTION_SECONDS_MAX,
  RESTRICTION_WINDOW_SECONDS,
  type RestrictionOf,
  RESTRICTIONS_STANDING_MAX,
  type RestrictionTerms,
  secondsUntilEnd,
  windowAt,
} from './restriction.js';
export {
  RestrictedExchanges,
  type RestrictionFilter,
  RestrictionStore,
  StandingRestrictions,
} from './restriction-store.js';
export { ImposedRestrictions, RESTRICTIONS_EVERY_MS } from './imposed-restrictions.js';
export { type Binding, type CallIntent, type Handle, type HandleStatus } from './handle.js';
export { parseDpopHeaders } from './dpop-headers.js';
export {
  DPOP_NONCE_KEY_BYTES,
  type DpopNonceLabel,
  DpopNonces,
  type DpopNoncesParts,
} from './dpop-nonces.js';
export { DpopNonceRequired, DpopProofInvalid } from './dpop-refused.js';
export { HandleLife } from './handle-life.js';
export {
  digestOfPresented,
  type MintedHandle,
  mintHandle,
  type ParsedHandle,
  parseHandle,
} from './handle-format.js';
export { HandleExpired, HandleRefused, HandleRevoked, HandleSuspended } from './handle-refused.js';
export {
  type HandleFilter,
  type HandleIssue,
  HandleLookup,
  HandleMemory,
  type HandleOrigin,
  HandleStore,
  type IssueOutcome,
} from './handle-store.js';
export {
  type HandleChange,
  type HandleChangeOutcome,
  type HandleChangeSum,
  type HandleResumption,
  type HandleRevocation,
  type HandleSuspension,
  type OrderReceipt,
} from './handle-change.js';
export { type HandleSelector, isNamed, targetOf, targetsOf } from './handle-selector.js';
export { OrderReceipts } from './order-receipts.js';
export { RevocationStates } from './revocation-states.js';
export { type StandingSuspension, type SuspensionFilter, Suspensions } from './suspensions.js';
export {
  type PresentedProof,
  ProofOfPossession,
  type ProofOfPossessionParts,
} from './proof-of-possession.js';
export { ProofUses } from './proof-uses.js';
export {
  type SubjectTokenHistory,
  type SubjectTokenUse,
  SubjectTokenUses,
} from './subject-token-uses.js';
