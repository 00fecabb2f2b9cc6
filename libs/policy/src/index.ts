export { type AccessDecision, type AccessDenialReason, type AccessRequest } from './decision.js';
export { type Grant, type GrantSet, GrantSource, type Pattern, type SubjectMatch } from './grant.js';
export { type Operation, type TemplateSegment } from './operation.js';
export {
  type BindingRequirement,
  POSTERN_RESOURCE_ID,
  POSTERN_SCOPES,
  type PosternScope,
  type Presentation,
  type Resource,
} from './resource.js';
