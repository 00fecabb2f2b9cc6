import { SecretMalformed, type SecretRef } from '#credentials';
import { Secret } from '#kernel';

export const FIELDS_MAX = 64;
/** Of all names and texts together, as they are sealed. */
export const FIELDS_BYTES_MAX = 256 * 1024;

/** The plaintext that is sealed. @throws SecretMalformed */
export function textOfFields(fields: ReadonlyMap<string, Secret>, ref: SecretRef): string {
  if (fields.size === 0 || fields.size > FIELDS_MAX) {
    throw new SecretMalformed(ref, `it has ${fields.size} fields; 1 to ${FIELDS_MAX} are allowed`);
  }
  const text = JSON.stringify([...fields].map(([name, secret]) => [name, secret.reveal()]));
  if (Buffer.byteLength(text) > FIELDS_BYTES_MAX) {
    throw new SecretMalformed(ref, `it is larger than ${FIELDS_BYTES_MAX} bytes`);
  }
  return text;
}

/** Takes only what `textOfFields` made: the seal has proven that. */
export function fieldsOfText(text: string): ReadonlyMap<string, Secret> {
  const entries = JSON.parse(text) as [name: string, plaintext: string][];
  return new Map(entries.map(([name, plaintext]) => [name, Secret.of(plaintext)]));
}
