export {
  CENSUS_VALID_MS,
  CredentialCensus,
  type CredentialRefusal,
  type CredentialReport,
  INSTANCE_GONE_MS,
  type InstanceReport,
  type VersionUse,
} from './credential-census.js';
export {
  type CredentialState,
  credentialStates,
  type Gate,
  gates,
  type ManagedCredential,
} from './managed-credential.js';
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
