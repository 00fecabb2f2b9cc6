export { refText, type SecretRef, type SecretVersion } from './secret-ref.js';
export { SecretNotFound, SecretStore, SecretStoreUnavailable } from './secret-store.js';
