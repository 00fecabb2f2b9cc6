import { type Secret } from '#kernel';
import { CredentialFieldMissing, CredentialUnusable } from './credential-unusable.js';

/** Longest field that is put on a call: the whole header block of most servers is 8 KiB. */
const FIELD_BYTES_MAX = 4096;
/** Line ends would begin another header (RFC 9110 section 5.5); lone surrogates have no UTF-8. */
const UNSENDABLE = /[\p{Cc}\p{Cs}]/u;

/** A chain of certificates, or the longest of keys. */
const PEM_BYTES_MAX = 64 * 1024;

export type SecretFields = ReadonlyMap<string, Secret>;

/**
 * The plaintext of one field, fit to be sent.
 * @throws CredentialFieldMissing, CredentialUnusable
 */
export function secretField(fields: SecretFields, name: string): string {
  const secret = fields.get(name);
  if (secret === undefined) {
    throw new CredentialFieldMissing(`the secret has no field ${JSON.stringify(name)}`);
  }
  const value = secret.reveal();
  const refuse = (what: string): never => {
    throw new CredentialUnusable(`field ${JSON.stringify(name)} of the secret ${what}`);
  };
  if (value === '') refuse('is empty');
  if (Buffer.byteLength(value) > FIELD_BYTES_MAX) refuse(`is longer than ${FIELD_BYTES_MAX} bytes`);
  if (UNSENDABLE.test(value)) refuse('holds a control character or half of a surrogate pair');
  return value;
}

/**
 * The plaintext of one field in PEM form (RFC 7468). It is not put on a request.
 * @throws CredentialFieldMissing, CredentialUnusable
 */
export function secretPem(fields: SecretFields, name: string): string {
  const secret = fields.get(name);
  if (secret === undefined) {
    throw new CredentialFieldMissing(`the secret has no field ${JSON.stringify(name)}`);
  }
  const value = secret.reveal();
  if (Buffer.byteLength(value) <= PEM_BYTES_MAX) return value;
  throw new CredentialUnusable(
    `field ${JSON.stringify(name)} of the secret is longer than ${PEM_BYTES_MAX} bytes`,
  );
}

/** Printable ASCII: what a header carries to every server in the same way. @throws CredentialUnusable */
export function asHeaderValue(value: string, name: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value;
  throw new CredentialUnusable(
    `the value of header ${name} would not be printable ASCII, or has spaces at its ends`,
  );
}

/** Longest bearer token that is put on a call, in characters. */
const TOKEN_CHARACTERS_MAX = 8192;
// RFC 6750 section 2.1: b64token.
const B64TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;

/** The plaintext of an access token. @throws CredentialUnusable */
export function bearerToken(token: Secret): string {
  const value = token.reveal();
  if (value.length <= TOKEN_CHARACTERS_MAX && B64TOKEN.test(value)) return value;
  throw new CredentialUnusable(
    `the access token is not a bearer token of 1 to ${TOKEN_CHARACTERS_MAX} characters (RFC 6750)`,
  );
}
