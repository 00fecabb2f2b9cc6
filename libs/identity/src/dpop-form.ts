import { decodeBase64Url } from './base64url.js';
import { DpopProofRejected } from './dpop-proof-rejected.js';
import { JsonRefused, parseStrictJson } from './parse-strict-json.js';
import { type ClaimValue } from './workload-identity.js';

/** A DPoP proof may be this long, in characters. */
export const DPOP_PROOF_CHARACTERS_MAX = 8 * 1024;
const LIMITS = { depthMax: 10, membersMax: 100 };

type Members = ReadonlyMap<string, ClaimValue>;

/** A DPoP proof that has the form of a JWT. Nothing in it is verified yet. */
export interface DpopForm {
  readonly header: Members;
  readonly claims: Members;
}

// One proof: a space, a tab or a comma is no part of it (RFC 9449 section 4.1).
const COMPACT_JWS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * The strict reader in front of `jose`, as for subject tokens: one proof has one form.
 * @throws DpopProofRejected
 */
export function parseDpopForm(proof: string): DpopForm {
  if (proof.length > DPOP_PROOF_CHARACTERS_MAX) {
    throw new DpopProofRejected(`it is longer than ${DPOP_PROOF_CHARACTERS_MAX} characters`);
  }
  const [, header, payload, signature] = COMPACT_JWS.exec(proof) ?? [];
  if (header === undefined || payload === undefined || signature === undefined) {
    throw new DpopProofRejected('it is not three base64url parts (a compact JWS)');
  }
  decodePart('signature', signature);
  return { header: parseObject('header', header), claims: parseObject('payload', payload) };
}

function parseObject(part: string, encoded: string): Members {
  const value = parsePart(part, decodePart(part, encoded));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DpopProofRejected(`its ${part} is not a JSON object`);
  }
  return new Map(Object.entries(value));
}

function parsePart(part: string, bytes: Uint8Array): ClaimValue {
  try {
    return parseStrictJson(bytes, LIMITS);
  } catch (error) {
    if (error instanceof JsonRefused) {
      throw new DpopProofRejected(`in its ${part}, ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function decodePart(part: string, encoded: string): Uint8Array {
  const bytes = decodeBase64Url(encoded);
  if (bytes === undefined) throw new DpopProofRejected(`its ${part} is not canonical base64url`);
  return bytes;
}
