import { type PublishedJwk } from './key-source.js';
import { KeySetInvalid } from './key-set-invalid.js';
import { JsonRefused, parseStrictJson } from './parse-strict-json.js';
import { type ClaimValue } from './workload-identity.js';

const LIMITS = { depthMax: 10, membersMax: 100 };
export const KEYS_MAX = 100;

/**
 * A JWK Set document (RFC 7517 section 5). Its keys are not judged one by one here: that is done when one is chosen.
 * @throws KeySetInvalid when the document is not a key set, or names a `kid` twice.
 */
export function parseKeySet(document: Uint8Array): readonly PublishedJwk[] {
  const { keys } = readKeyDocument(document);
  checkKeySet(keys);
  return keys;
}

/**
 * A JWK Set document with whatever else it says.
 * @throws KeySetInvalid when the document is not a key set, or a larger one than may be.
 */
export function readKeyDocument(document: Uint8Array): {
  readonly members: Readonly<Record<string, ClaimValue>>;
  readonly keys: readonly PublishedJwk[];
} {
  const members = asObject(parseDocument(document), 'the document');
  const keys = members['keys'];
  if (!Array.isArray(keys)) throw new KeySetInvalid('the document has no list named "keys"');
  if (keys.length > KEYS_MAX) throw tooMany();
  const published = (keys as readonly ClaimValue[]).map((key) => asObject(key, 'a key'));
  return { members, keys: published };
}

/**
 * What must hold of a set as a whole.
 * @throws KeySetInvalid
 */
export function checkKeySet(keys: readonly PublishedJwk[]): void {
  if (keys.length > KEYS_MAX) throw tooMany();
  const keyIds = keys.map((jwk) => jwk['kid']).filter((keyId) => keyId !== undefined);
  if (new Set(keyIds).size !== keyIds.length) {
    // Which of the two signed would depend on their order: RFC 7517 section 4.5 wants them distinct.
    throw new KeySetInvalid('two keys have the same "kid"');
  }
}

function parseDocument(document: Uint8Array): ClaimValue {
  try {
    return parseStrictJson(document, LIMITS);
  } catch (error) {
    if (!(error instanceof JsonRefused)) throw error;
    throw new KeySetInvalid(`the document is not JSON that can be accepted: ${error.message}`);
  }
}

function asObject(value: ClaimValue, what: string): Readonly<Record<string, ClaimValue>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new KeySetInvalid(`${what} is not a JSON object`);
  }
  return value as Readonly<Record<string, ClaimValue>>;
}

const tooMany = (): KeySetInvalid => new KeySetInvalid(`the set has more than ${KEYS_MAX} keys`);
