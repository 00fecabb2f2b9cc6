export { EmbeddedPostgres, type EmbeddedPostgresOptions } from './embedded-postgres.js';
export { SealedSecretStore, type SealedSecretStoreSettings } from './sealed-secret-store.js';
export { type SealedRotatedSecrets } from './sealed-rotated-secrets.js';
export { SealKey, SealKeyRefused } from './sealed-key.js';
export { createSealKey, openSealKey } from './sealed-key-file.js';
export { EmbeddedEventBus } from './embedded-event-bus.js';
export { EmbeddedDeadLetters, type ReplayProgress } from './embedded-dead-letters.js';
