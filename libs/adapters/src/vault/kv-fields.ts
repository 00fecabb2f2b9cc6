import { SecretMalformed, type SecretRef } from '#credentials';
import { type Secret } from '#kernel';

const FIELDS_MAX = 64;
/** Of all names and texts together, as JSON; Vault itself takes a mebibyte at most with Raft. */
const FIELDS_BYTES_MAX = 256 * 1024;
/** Half of a surrogate pair: Vault would keep another character in its place, and so another secret. */
const HALF_PAIR = /\p{Cs}/u;

/** What is sent as the fields of a secret. @throws SecretMalformed */
export function bodyOfFields(
  fields: ReadonlyMap<string, Secret>,
  ref: SecretRef,
): Readonly<Record<string, string>> {
  if (fields.size === 0 || fields.size > FIELDS_MAX) {
    throw new SecretMalformed(ref, `it has ${fields.size} fields; 1 to ${FIELDS_MAX} are allowed`);
  }
  const entries = [...fields].map(([name, secret]) => [name, secret.reveal()] as const);
  if (entries.flat().some((text) => HALF_PAIR.test(text))) {
    throw new SecretMalformed(ref, 'a name or text holds half of a surrogate pair');
  }
  const body = Object.fromEntries(entries);
  if (Buffer.byteLength(JSON.stringify(body)) > FIELDS_BYTES_MAX) {
    throw new SecretMalformed(ref, `it is larger than ${FIELDS_BYTES_MAX} bytes`);
  }
  return body;
}
