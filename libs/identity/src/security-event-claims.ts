import { epochSeconds, secondsAfter } from '#kernel';
import { SecurityEventRejected } from './security-event-rejected.js';
import { parseSpiffeId } from './spiffe-id.js';
import { type ClaimValue } from './workload-identity.js';

type Claims = ReadonlyMap<string, ClaimValue>;

/** A JSON object as a claim holds it. */
export type ClaimObject = Readonly<Record<string, ClaimValue>>;

/** Whom a security event is about: a subject of an issuer. */
export interface EventSubject {
  readonly issuer: string;
  readonly subject: string;
}

/** The claims of a Security Event Token after the rules of RFC 8417 and ours. */
export interface SecurityEventClaims {
  /** 1 to 255 characters. */
  readonly jti: string;
  readonly issuedAt: Date;
  /** Undefined where it is named in a way that names no workload here. */
  readonly subject: EventSubject | undefined;
  /** A URI: the only member of `events`. */
  readonly eventType: string;
  readonly event: ClaimObject;
  readonly transaction: string | undefined;
}

export const SET_CLOCK_SKEW_SECONDS = 30;
export const SET_AGE_SECONDS_MAX = 24 * 60 * 60;
const TEXT_CHARACTERS_MAX = 255;
/** Event types that begin so are commands to Postern: what follows is the action. */
export const COMMAND_EVENT_PREFIX = 'https://postern.dev/secevent/event-type/';

/**
 * @param audience The only `aud` that is accepted, byte for byte.
 * @throws SecurityEventRejected with `invalid_request` or `invalid_audience`.
 */
export function readSecurityEvent(
  claims: Claims,
  { audience, now }: { readonly audience: string; readonly now: Date },
): SecurityEventClaims {
  checkAudience(claims.get('aud'), audience);
  // RFC 8417 section 4.5: without exp, nobody takes an event for a token that lets someone in.
  if (claims.has('exp')) throw invalid('it has an exp');
  const transaction = claims.has('txn') ? readText('txn', claims) : undefined;
  const told = readEvent(claims.get('events'));
  return {
    jti: readText('jti', claims),
    issuedAt: readIssuedAt(claims.get('iat'), now),
    subject: subjectOf(claims, told.eventType),
    ...told,
    transaction,
  };
}

function checkAudience(value: ClaimValue | undefined, audience: string): void {
  const named = Array.isArray(value) ? value : [value];
  if (named.length !== 1 || named[0] !== audience) {
    throw new SecurityEventRejected('invalid_audience', 'its aud is not this deployment alone');
  }
}

/** A command names its target itself: with a second one nobody could say which is meant. */
function subjectOf(claims: Claims, eventType: string): EventSubject | undefined {
  if (!eventType.startsWith(COMMAND_EVENT_PREFIX)) return readSubject(claims.get('sub_id'));
  if (claims.has('sub_id')) throw invalid('it is a command and has a sub_id');
  return undefined;
}

function readText(name: string, claims: Claims): string {
  const value = claims.get(name);
  if (typeof value !== 'string' || value === '' || value.length > TEXT_CHARACTERS_MAX) {
    throw invalid(`its ${name} is not 1 to ${TEXT_CHARACTERS_MAX} characters`);
  }
  return value;
}

function readIssuedAt(value: ClaimValue | undefined, now: Date): Date {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalid('it has no iat');
  const age = epochSeconds(now) - value;
  if (age < -SET_CLOCK_SKEW_SECONDS) throw invalid('its iat lies in the future');
  if (age > SET_AGE_SECONDS_MAX) {
    const rule = 'its iat is older than 24 hours';
    throw new SecurityEventRejected('invalid_request', rule, { fault: 'expired' });
  }
  return secondsAfter(new Date(0), value);
}

// RFC 9493 section 3: the formats that name a workload as this product knows it. Others name nobody here.
function readSubject(value: ClaimValue | undefined): EventSubject | undefined {
  const subject = asObject('sub_id', value);
  if (typeof subject['format'] !== 'string') throw invalid('its sub_id has no format');
  if (subject['format'] === 'iss_sub') return readPair(subject);
  if (subject['format'] === 'uri') return readUri(subject['uri']);
  return undefined;
}

function readPair({ iss, sub }: ClaimObject): EventSubject {
  if (typeof iss !== 'string' || typeof sub !== 'string' || iss === '' || sub === '') {
    throw invalid('its sub_id does not name an iss and a sub');
  }
  return { issuer: iss, subject: sub };
}

function readUri(uri: ClaimValue | undefined): EventSubject | undefined {
  if (typeof uri !== 'string') throw invalid('its sub_id names no uri');
  const id = parseSpiffeId(uri);
  if (id === undefined) return undefined;
  const issuer = `spiffe://${id.trustDomain}`;
  return { issuer, subject: `${issuer}${id.path}` };
}

function readEvent(
  value: ClaimValue | undefined,
): Pick<SecurityEventClaims, 'eventType' | 'event'> {
  const [first, second] = Object.entries(asObject('events', value));
  if (first === undefined || second !== undefined) throw invalid('it does not carry one event');
  const [eventType, event] = first;
  return { eventType, event: asObject('event', event) };
}

function asObject(name: string, value: ClaimValue | undefined): ClaimObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`its ${name} is not an object`);
  }
  return value as ClaimObject;
}

const invalid = (rule: string): SecurityEventRejected =>
  new SecurityEventRejected('invalid_request', rule);
