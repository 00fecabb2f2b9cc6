export {
  CHANGE_MS_MAX,
  ChangeRefused,
  CredentialChanger,
  TargetUnreachable,
  type ValueChange,
} from './credential-changer.js';
export { CredentialProbe, PROBE_MS_MAX, type ProbeAnswer } from './credential-probe.js';
export { type IntakeKey, IntakeKeys, type OpenedWrap, SealedWraps } from './intake-key.js';
export { type LoginAllowance, LoginBudget, type Reservation } from './login-budget.js';
export {
  characterClasses,
  type CharacterClass,
  newPassword,
  type PasswordPolicy,
} from './password-policy.js';
export { PENDING_SECONDS, pendingRef } from './pending-ref.js';
export {
  abandonRotation,
  approveRotation,
  type Intervention,
  reconcileRotation,
} from './intervene-rotation.js';
export {
  type RequestOutcome,
  RequestRotation,
  type RequestRotationParts,
  type RotationOrder,
} from './request-rotation.js';
export { RotatedSecrets, type SecretFields, SecretMoved } from './rotated-secrets.js';
export {
  type ProbeResult,
  type ProbeResults,
  type Rotation,
  type RotationKind,
  rotationKinds,
  type RotationOrigin,
  rotationOrigins,
  type RotationTrigger,
  rotationTriggers,
  type WrapIntake,
} from './rotation.js';
export { type RotationRefusal, RotationRefused } from './rotation-refused.js';
export {
  HOLD_MS_MAX,
  QUIESCE_MS_MAX,
  type RotationPlan,
  type RotationSchedule,
  type RotationTerms,
  type WrapExpectation,
} from './rotation-plan.js';
export {
  CredentialBook,
  type CredentialChange,
  type DueBreaker,
  type InstanceUse,
  type LeasedRotation,
  type RefusalTally,
  type RotationFilter,
  RotationLeaseLost,
  type RotationStep,
  RotationUpkeep,
  RotationStore,
} from './rotation-store.js';
export { dueOccurrence } from './schedule.js';
export { RotationEngine } from './rotation-engine.js';
export { type RotationEngineParts } from './rotation-engine-parts.js';
export { settledChange } from './settled-change.js';
export { transitionEvent } from './rotation-record.js';
export { LoginBudgetSpent, RotationTermsUnfit, ROTATION_LEASE_MS } from './turn.js';
export { isAtRest, isEnded, mayFollow, TRANSITIONS } from './transitions.js';
export { type Unwrapped, type WrapLookup, wrapPlace, WrappingTokens } from './wrapping-tokens.js';
export { type WrapFacts, type WrapVerdict, wrapVerdict } from './wrap-verdict.js';
