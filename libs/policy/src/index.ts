export { compileGrantSet, type GrantFileText } from './compile-grant-set.js';
export { compileOperation } from './compile-operation.js';
export {
  compileResource,
  type ResourceContext,
  type ResourceRegistration,
} from './compile-resource.js';
export { decide } from './decide.js';
export { type AccessDecision, type AccessDenialReason, type AccessRequest } from './decision.js';
export {
  type Grant,
  type GrantSet,
  GrantSource,
  type Pattern,
  type ScalarClaim,
  type SubjectMatch,
} from './grant.js';
export { type GrantContext } from './grant-context.js';
export { type GrantFile, grantFileJsonSchema } from './grant-file.js';
export { type GrantMutant, grantMutants } from './grant-mutants.js';
export { grantSetOf } from './grant-set.js';
export { GrantSetInvalid } from './grant-set-invalid.js';
export { handleCallsMax, handleLifeSeconds } from './handle-limits.js';
export { type GrantFinding, lintGrantSet } from './lint-grant-set.js';
export { matchOperation } from './match-operation.js';
export { type Operation, type TemplateSegment } from './operation.js';
export { OperationInvalid } from './operation-invalid.js';
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
