export { checkKeyFiles, KeyFileUnusable } from './check-key-files.js';
export { IssuerKeySource, type IssuerKeySourceParts } from './issuer-key-source.js';
