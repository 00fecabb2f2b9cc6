export { checkKeyFiles, KeyFileUnusable } from './check-key-files.js';
export {
  type LeakReportKeyPlace,
  PublishedLeakReportKeys,
  type PublishedLeakReportKeysParts,
} from './published-leak-report-keys.js';
export { IssuerKeySource, type IssuerKeySourceParts } from './issuer-key-source.js';
export {
  type ClientCredentials,
  type ClientSecretOf,
  vaultClientSecrets,
} from './client-credentials.js';
export {
  HttpTokenIntrospector,
  type HttpTokenIntrospectorParts,
  INTROSPECTIONS_AT_ONCE_MAX,
} from './http-token-introspector.js';
