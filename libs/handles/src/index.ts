export { type Binding, type Handle, type HandleStatus } from './handle.js';
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
