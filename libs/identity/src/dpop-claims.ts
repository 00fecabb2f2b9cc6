import { DpopProofRejected } from './dpop-proof-rejected.js';
import { normalTarget } from './dpop-target.js';
import { type ClaimValue } from './workload-identity.js';

type Claims = ReadonlyMap<string, ClaimValue>;

/** How old a proof may be (RFC 9449 section 11.1: "a relatively brief period"). */
export const DPOP_PROOF_AGE_SECONDS_MAX = 60;
/** How far ahead of ours the clock of a workload, or of another of our processes, may run. */
export const DPOP_CLOCK_SKEW_SECONDS = 15;
const JTI_CHARACTERS_MAX = 128;

/** The one request that a proof must have been made for. */
export interface DpopRequest {
  /** As the request line has it, with regard to case. */
  readonly method: string;
  /** The public URL with its path, as configured: never from Host or X-Forwarded-*. Its query is ignored. */
  readonly uri: string;
  readonly now: Date;
  /** When given, the proof must name it as its `ath`: base64url SHA-256 of the handle. */
  readonly accessTokenHash?: string;
}

/** The claims of a proof that fits the request. */
export interface DpopClaims {
  readonly jti: string;
  readonly issuedAt: Date;
  /** The normal form of the URL that the proof is for, without query. */
  readonly htu: string;
  readonly nonce: string | undefined;
}

/**
 * RFC 9449 section 4.3, steps 8, 9, 11 and 12. Other claims are ignored.
 * @throws DpopProofRejected
 */
export function checkDpopClaims(claims: Claims, request: DpopRequest): DpopClaims {
  if (claims.get('htm') !== request.method) throw rejected('its htm is not the method');
  const htu = checkTarget(claims.get('htu'), request.uri);
  const issuedAt = checkIssuedAt(claims.get('iat'), request.now);
  const jti = readJti(claims.get('jti'));
  checkTokenHash(claims.get('ath'), request.accessTokenHash);
  return { jti, issuedAt, htu, nonce: readNonce(claims) };
}

function checkTarget(htu: ClaimValue | undefined, uri: string): string {
  const target = normalTarget(uri);
  if (target === undefined || typeof htu !== 'string' || normalTarget(htu) !== target) {
    throw rejected('its htu is not the URL of the request');
  }
  return target;
}

function checkIssuedAt(iat: ClaimValue | undefined, now: Date): Date {
  if (typeof iat !== 'number' || !Number.isSafeInteger(iat)) {
    throw rejected('its iat is not a whole number of seconds');
  }
  const ageSeconds = now.getTime() / 1000 - iat;
  // Asked for what is permitted, so that a time that is no number permits nothing.
  if (!(ageSeconds <= DPOP_PROOF_AGE_SECONDS_MAX)) {
    throw rejected(`its iat is older than ${DPOP_PROOF_AGE_SECONDS_MAX} s`);
  }
  if (!(ageSeconds >= -DPOP_CLOCK_SKEW_SECONDS)) {
    throw rejected(`its iat lies more than ${DPOP_CLOCK_SKEW_SECONDS} s in the future`);
  }
  return new Date(iat * 1000);
}

function readJti(jti: ClaimValue | undefined): string {
  if (typeof jti !== 'string' || jti === '' || jti.length > JTI_CHARACTERS_MAX) {
    throw rejected(`its jti is not a string of 1 to ${JTI_CHARACTERS_MAX} characters`);
  }
  return jti;
}

function checkTokenHash(ath: ClaimValue | undefined, expected: string | undefined): void {
  if (expected === undefined || ath === expected) return;
  throw rejected(ath === undefined ? 'it has no ath' : 'its ath is not the hash of the handle');
}

function readNonce(claims: Claims): string | undefined {
  const nonce = claims.get('nonce');
  if (nonce !== undefined && typeof nonce !== 'string') throw rejected('its nonce is not a string');
  return nonce;
}

const rejected = (rule: string): DpopProofRejected => new DpopProofRejected(rule);
