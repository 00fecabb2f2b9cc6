import { TokenRejected } from './token-rejected.js';
import { type ClaimValue } from './workload-identity.js';

/** Who acts for a subject, or acted before: one hop of `act` (RFC 8693 section 4.1), nothing else of it. */
export interface ActorHop {
  readonly issuer: string;
  readonly subject: string;
}

/** Whom a token lets act for its subject (RFC 8693 section 4.4): each member that is there must be met. */
export interface MayAct {
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  readonly clientId: string | undefined;
}

/** What a token says of delegation. */
export interface DelegationClaims {
  /** The outermost `act` first; empty when the token records no actor. Only the first may be believed to act. */
  readonly actors: readonly ActorHop[];
  readonly mayAct: MayAct | undefined;
}

/** Hops of one chain, the new actor included. */
export const ACTORS_MAX = 8;
const ACT_CHARACTERS_MAX = 8 * 1024;
const TEXT_CHARACTERS_MAX = 2048;

type Claims = ReadonlyMap<string, ClaimValue>;
type ClaimObject = Readonly<Record<string, ClaimValue>>;

/**
 * `act` and `may_act`. A hop without an `iss` is one of the token's own issuer. Members other than those that identify,
 * such as `exp`, mean nothing inside either (RFC 8693 section 4.1).
 * @throws TokenRejected with reason `invalid_claims` for what is not of their shape, too deep or too long.
 */
export function readDelegation(claims: Claims, issuer: string): DelegationClaims {
  return {
    actors: claims.has('act') ? readActors(claims.get('act'), issuer) : [],
    mayAct: claims.has('may_act') ? readMayAct(claims.get('may_act')) : undefined,
  };
}

function readActors(act: ClaimValue | undefined, issuer: string): readonly ActorHop[] {
  if (JSON.stringify(act).length > ACT_CHARACTERS_MAX) throw invalid('its act is too long');
  const actors: ActorHop[] = [];
  for (let hop = act; hop !== undefined; hop = (hop as ClaimObject)['act']) {
    const members = asObject(hop, 'act');
    const subject = readText(members, 'sub');
    if (subject === undefined) throw invalid('its act names no sub');
    actors.push({ issuer: readText(members, 'iss') ?? issuer, subject });
    if (actors.length > ACTORS_MAX) throw invalid(`its act is deeper than ${ACTORS_MAX}`);
  }
  return actors;
}

function readMayAct(value: ClaimValue | undefined): MayAct {
  const members = asObject(value, 'may_act');
  const mayAct = {
    issuer: readText(members, 'iss'),
    subject: readText(members, 'sub'),
    clientId: readText(members, 'client_id'),
  };
  if (mayAct.subject === undefined && mayAct.clientId === undefined) {
    throw invalid('its may_act names nobody');
  }
  return mayAct;
}

function asObject(value: ClaimValue | undefined, claim: string): ClaimObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`its ${claim} is not a JSON object`);
  }
  return value as ClaimObject;
}

function readText(members: ClaimObject, name: string): string | undefined {
  if (!Object.hasOwn(members, name)) return undefined;
  const value = members[name];
  if (typeof value !== 'string' || value === '' || value.length > TEXT_CHARACTERS_MAX) {
    throw invalid(`its act or may_act holds a ${name} that is no text`);
  }
  return value;
}

const invalid = (rule: string): TokenRejected =>
  new TokenRejected('invalid_claims', `the token's claims are not accepted: ${rule}`);
