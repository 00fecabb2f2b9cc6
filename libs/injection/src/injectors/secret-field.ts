import { type Secret } from '#kernel';
import { CredentialFieldMissing, CredentialUnusable } from './credential-unusable.js';

/** Longest field that is put on a call: the whole header block of most servers is 8 KiB. */
const FIELD_BYTES_MAX = 4096;
/** Line ends would begin another header (RFC 9110 section 5.5); lone surrogates have no UTF-8. */
const UNSENDABLE = /[\p{Cc}\p{Cs}]/u;

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

/** Printable ASCII: what a header carries to every server in the same way. @throws CredentialUnusable */
export function asHeaderValue(value: string, name: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value;
  throw new CredentialUnusable(
    `the value of header ${name} would not be printable ASCII, or has spaces at its ends`,
  );
}
