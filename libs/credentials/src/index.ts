export { FAILURE_REMEMBERED_MS } from './pinned-credential.js';
export {
  PinnedCredentials,
  type PinnedCredentialsSettings,
  type PinnedVersion,
} from './pinned-credentials.js';
export {
  REF_PART_CHARACTERS_MAX,
  refSegments,
  refText,
  sameRef,
  SecretRefInvalid,
  type SecretRef,
  type SecretVersion,
} from './secret-ref.js';
export {
  SecretMalformed,
  SecretNotFound,
  SecretStore,
  SecretStoreUnavailable,
  type VersionMark,
} from './secret-store.js';
