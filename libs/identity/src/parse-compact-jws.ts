import { decodeBase64Url } from './base64url.js';
import { type JoseHeader, readJoseHeader } from './jose-header.js';
import { JsonRefused, parseStrictJson } from './parse-strict-json.js';
import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

/** A subject token may be this long, in characters. */
export const TOKEN_CHARACTERS_MAX = 8 * 1024;
const LIMITS = { depthMax: 10, membersMax: 100 };

/** A JWT in compact form that is well-formed by our rules. Nothing in it is verified yet. */
export interface CompactJws {
  readonly header: JoseHeader;
  readonly claims: ReadonlyMap<string, ClaimValue>;
  /** The first two parts: what the signature is over. */
  readonly signingInput: string;
}

// RFC 8725bis section 3.14: three non-empty parts, and no character outside this alphabet.
const COMPACT_JWS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * The strict reader in front of `jose`: one token has one form. Closes what a lenient reader leaves open: white space,
 * padding, spare bits in the last character, members named twice, byte order marks, and size.
 * @throws TokenRejected with reason `malformed_token`.
 */
export function parseCompactJws(compactJws: string): CompactJws {
  if (compactJws.length > TOKEN_CHARACTERS_MAX) {
    throw malformed(`it is longer than ${TOKEN_CHARACTERS_MAX} characters`);
  }
  const [, header, payload, signature] = COMPACT_JWS.exec(compactJws) ?? [];
  if (header === undefined || payload === undefined || signature === undefined) {
    throw malformed('it is not three base64url parts (a compact JWS)');
  }
  decodePart('signature', signature);
  return {
    header: readJoseHeader(parseObject('header', header)),
    claims: parseObject('payload', payload),
    signingInput: `${header}.${payload}`,
  };
}

function parseObject(part: string, encoded: string): ReadonlyMap<string, ClaimValue> {
  const value = parsePart(part, decodePart(part, encoded));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`its ${part} is not a JSON object`);
  }
  return new Map(Object.entries(value));
}

function parsePart(part: string, bytes: Uint8Array): ClaimValue {
  try {
    return parseStrictJson(bytes, LIMITS);
  } catch (error) {
    if (error instanceof JsonRefused) throw malformed(`in its ${part}, ${error.message}`);
    throw error;
  }
}

function decodePart(part: string, encoded: string): Uint8Array {
  const bytes = decodeBase64Url(encoded);
  if (bytes === undefined) throw malformed(`its ${part} is not canonical base64url`);
  return bytes;
}

const malformed = (rule: string): TokenRejected =>
  new TokenRejected('malformed_token', `the token is malformed: ${rule}`);
