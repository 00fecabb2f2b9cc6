export {
  type BreakerOpening,
  breakerOpenedEvents,
  REFUSAL_WINDOW_SECONDS,
  REFUSALS_TO_OPEN,
} from './breaker-opened.js';
export {
  CENSUS_VALID_MS,
  CredentialCensus,
  type CredentialRefusal,
  type CredentialReport,
  INSTANCE_GONE_MS,
  type InstanceReport,
  type VersionUse,
} from './credential-census.js';
export { CredentialUse } from './credential-use.js';
export { CredentialWithheld } from './credential-withheld.js';
export { credentialStateEvent } from './credential-state-event.js';
export {
  type CredentialState,
  credentialStates,
  type Gate,
  gates,
  type ManagedCredential,
} from './managed-credential.js';
export {
  type CensusObserver,
  ManagedCredentials,
  type ManagedCredentialsParts,
  type VersionChoice,
  type WaitTerms,
} from './managed-credentials.js';
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
