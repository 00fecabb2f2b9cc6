export {
  VaultCheckpointSigner,
  type VaultCheckpointSignerParts,
} from './vault-checkpoint-signer.js';
export { VaultRotatedSecrets } from './vault-rotated-secrets.js';
export {
  type SecretStoreStatus,
  VaultSecretStore,
  type VaultSecretStoreOptions,
} from './vault-secret-store.js';
export { type VaultAuth, type VaultSettings, VaultSettingsRefused } from './vault-settings.js';
export { VaultWrappingTokens } from './vault-wrapping-tokens.js';
