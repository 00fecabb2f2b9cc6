import { createHash } from 'node:crypto';

/**
 * `x5t#S256` of a certificate: the SHA-256 of its DER, base64url (RFC 8705 section 3.1). What a token or handle is bound
 * to when its `cnf` names a certificate.
 */
export const x5tS256Of = (der: Uint8Array): string =>
  createHash('sha256').update(der).digest('base64url');
