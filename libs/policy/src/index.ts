export {
  compileCondition,
  type Condition,
  type ConditionInput,
  ConditionInvalid,
} from './condition.js';
export { compileGrantSet, type GrantFileText } from './compile-grant-set.js';
export { compileOperation } from './compile-operation.js';
export {
  compileResource,
  type ResourceContext,
  type ResourceRegistration,
} from './compile-resource.js';
export { decide } from './decide.js';
export { requiredBinding } from './decide-binding.js';
export { type Denial } from './decision.js';
export { type AccessDecision, type AccessDenialReason, type Permission } from './decision.js';
export {
  type AccessRequest,
  type BindingKind,
  type Intent,
  type NamedCall,
  NO_INTENT,
  NO_PROOFS,
  type ParentAuthority,
  type PresentedAuthority,
  type Proofs,
} from './access-request.js';
export {
  type Grant,
  type GrantSet,
  GrantSource,
  type Pattern,
  type ScalarClaim,
  type SubjectMatch,
} from './grant.js';
export { diffGrantSets, type GrantDifference } from './diff-grant-sets.js';
export { type GrantContext } from './grant-context.js';
export { type GrantFile, grantFileJsonSchema } from './grant-file.js';
export { type GrantMutant, grantMutants } from './grant-mutants.js';
export { grantSetOf, type UndigestedGrant, withDigest } from './grant-set.js';
export {
  type GrantSetObserver,
  type GrantSetRejection,
  ObservableGrantSource,
} from './grant-set-observer.js';
export { GrantSetInvalid } from './grant-set-invalid.js';
export { type GrantFinding, lintGrantSet } from './lint-grant-set.js';
export { matchOperation } from './match-operation.js';
export { parseCallPath } from './parse-call-path.js';
export { type Operation, type TemplateSegment } from './operation.js';
export { OperationInvalid } from './operation-invalid.js';
export {
  ALL_PATH_EXCEPTIONS,
  NO_PATH_EXCEPTIONS,
  PATH_EXCEPTIONS,
  type PathException,
  type PathExceptions,
} from './path-exception.js';
export { GRANT_FILE_BYTES_MAX, parseGrantFile } from './parse-grant-file.js';
export { permitsCall } from './permits-call.js';
export { type PolicyProblem, problemLine } from './policy-problem.js';
export { posternResource } from './postern-resource.js';
export {
  type BindingRequirement,
  POSTERN_RESOURCE_ID,
  POSTERN_SCOPES,
  type PosternScope,
  type Presentation,
  type Resource,
  resourceUriOf,
} from './resource.js';
export { ResourceInvalid } from './resource-invalid.js';
export { type ResourceQuestion, type ResourceResolution, ResourceSet } from './resource-set.js';
export { type GrantTestReport, testGrants } from './test-grants.js';
