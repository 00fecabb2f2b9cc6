export {
  type SecretStoreStatus,
  VaultSecretStore,
  type VaultSecretStoreOptions,
} from './vault-secret-store.js';
export { type VaultAuth, type VaultSettings, VaultSettingsRefused } from './vault-settings.js';
