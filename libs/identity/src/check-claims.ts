import { type IssuerTerms } from './issuer-registration.js';
import { checkRequiredClaims } from './required-claims.js';
import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

type Claims = ReadonlyMap<string, ClaimValue>;

/** The registered claims that hold a token together (RFC 7519 section 4.1). */
export interface RegisteredClaims {
  readonly subject: string;
  readonly jti: string | undefined;
  /** Seconds since 1970. */
  readonly issuedAt: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

const TEXT_CHARACTERS_MAX = 255;
/** Later than the year 2242 is milliseconds taken for seconds. */
const NUMERIC_DATE_MAX = 2 ** 33;
// No control, format, private-use or unassigned character: what an operator reads is what was compared.
const PRINTABLE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

/**
 * Everything a token claims about itself, against the rules of its issuer. The signature is verified before.
 * @throws TokenRejected with reason `invalid_claims` or `expired`.
 */
export function checkClaims(
  claims: Claims,
  issuer: IssuerTerms,
  at: { readonly audience: string; readonly now: Date },
): RegisteredClaims {
  checkAudience(claims.get('aud'), at.audience);
  const times = checkTimes(claims, issuer, at.now);
  const subject = readText(claims, 'sub');
  if (subject === undefined) throw invalid('it has no sub');
  const jti = readText(claims, 'jti');
  if (jti === undefined && issuer.tokenUse.kind !== 'reusable') {
    throw invalid('it has no jti, which its issuer must send so that its use can be counted');
  }
  checkTypes(claims);
  checkRequiredClaims(claims, issuer.requiredClaims);
  return { subject, jti, ...times };
}

/** One value and exactly ours: a token that others accept as well can be replayed by them. */
export function checkAudience(aud: ClaimValue | undefined, audience: string): void {
  const values: unknown = Array.isArray(aud) ? aud : [aud];
  if (!Array.isArray(values) || values.length !== 1 || values[0] !== audience) {
    throw invalid('its aud is not the public origin of this deployment alone');
  }
}

function checkTimes(
  claims: Claims,
  issuer: IssuerTerms,
  now: Date,
): { issuedAt: number; expiresAt: number } {
  const expiresAt = readDate(claims, 'exp');
  const issuedAt = readDate(claims, 'iat');
  const notBefore = readDate(claims, 'nbf') ?? 0;
  if (expiresAt === undefined) throw invalid('it has no exp');
  if (issuedAt === undefined) throw invalid('it has no iat');
  checkPeriod({ issuedAt, expiresAt, notBefore }, issuer, now.getTime() / 1000);
  return { issuedAt, expiresAt };
}

/** The times of a token against each other, the clock and the limits of its issuer. In seconds since 1970. */
export function checkPeriod(
  times: { issuedAt: number; expiresAt: number; notBefore: number },
  issuer: IssuerTerms,
  nowSeconds: number,
): void {
  const { issuedAt, expiresAt, notBefore } = times;
  const skew = issuer.clockSkewSeconds;
  if (expiresAt <= nowSeconds - skew) throw new TokenRejected('expired', 'the token has expired');
  if (notBefore > nowSeconds + skew) throw invalid('its nbf lies in the future');
  if (issuedAt > nowSeconds + skew) throw invalid('its iat lies in the future');
  if (expiresAt <= issuedAt) throw invalid('its exp does not lie after its iat');
  if (expiresAt - issuedAt > issuer.maxLifetimeSeconds) {
    throw invalid(`it lives longer than the ${issuer.maxLifetimeSeconds} s its issuer may give`);
  }
  if (nowSeconds - issuedAt > issuer.maxAgeSeconds) {
    throw new TokenRejected('expired', `the token is older than ${issuer.maxAgeSeconds} s`);
  }
}

/** A NumericDate (RFC 7519 section 2) in whole seconds; undefined when there is none. */
export function readDate(claims: Claims, name: string): number | undefined {
  if (!claims.has(name)) return undefined;
  const value = claims.get(name);
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw invalid(`its ${name} is not a whole number of seconds`);
  }
  if (value <= 0 || value >= NUMERIC_DATE_MAX) throw invalid(`its ${name} is no date in seconds`);
  return value;
}

/** 1 to 255 printable characters; undefined when there is no such claim. */
export function readText(claims: Claims, name: string): string | undefined {
  if (!claims.has(name)) return undefined;
  const value = claims.get(name);
  if (typeof value !== 'string') throw invalid(`its ${name} is not a string`);
  if (value.length > TEXT_CHARACTERS_MAX || !PRINTABLE.test(value)) {
    throw invalid(`its ${name} is not 1 to ${TEXT_CHARACTERS_MAX} printable characters`);
  }
  return value;
}

/** Claims that grants and events read: of the type that their specification gives them, never made so. */
export function checkTypes(claims: Claims): void {
  for (const name of ['azp', 'client_id', 'acr'] as const) readText(claims, name);
  readDate(claims, 'auth_time');
  const methods = claims.get('amr');
  const isList = Array.isArray(methods) && methods.every((one) => typeof one === 'string');
  if (methods !== undefined && !isList) throw invalid('its amr is not a list of strings');
  // RFC 8417 section 4.5: a security event token must never pass for another.
  if (claims.has('events')) throw invalid('it is a security event token');
}

/** The rule is written as what is wrong with "it", the token. */
export const invalid = (rule: string): TokenRejected =>
  new TokenRejected('invalid_claims', `the token's claims are not accepted: ${rule}`);
