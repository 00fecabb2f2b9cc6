export { CachingHandleLookup } from './caching-handle-lookup.js';
export { type Binding, type Handle, type HandleStatus } from './handle.js';
export { type MintedHandle, mintHandle, type ParsedHandle, parseHandle } from './handle-format.js';
export {
  assertUsable,
  HandleExpired,
  HandleRefused,
  HandleRevoked,
  HandleSuspended,
} from './handle-refused.js';
export {
  type HandleFilter,
  type HandleIssue,
  HandleLookup,
  type HandleRevocation,
  type HandleSelector,
  HandleStore,
  type IssueOutcome,
} from './handle-store.js';
export {
  type SubjectTokenHistory,
  type SubjectTokenUse,
  SubjectTokenUses,
} from './subject-token-uses.js';
