import { type ActorHop, type ClaimValue, type WorkloadIdentity } from '#identity';
import {
  type AccessRequest,
  type BindingKind,
  type Intent,
  NO_INTENT,
  type PresentedAuthority,
  type Proofs,
} from './access-request.js';
import { callsCeiling } from './handle-limits.js';
import { type Grant } from './grant.js';
import { type GrantContext } from './grant-context.js';
import { type GrantFileTest } from './grant-file.js';
import { parseCallPath } from './parse-call-path.js';
import { type Resource } from './resource.js';

/** What one of a grant's own tests asks. */
export type OwnQuestion = Extract<GrantFileTest, { permit: unknown }>['permit'];

const HOUR_MS = 3_600_000;
const NO_CHAIN: readonly ActorHop[] = [];

/**
 * The access request of a grant's own test, as of the last instant before the review date: an overdue grant denies,
 * but its tests still say what it is meant to do.
 */
export function ownTestRequest(
  question: OwnQuestion,
  grant: Grant,
  resource: Resource,
  context: GrantContext,
): AccessRequest {
  const now = new Date(grant.reviewBy.getTime() - 1);
  const { handle, tokenScopes, scope } = question;
  const subjectKind = question.person ? 'person' : 'workload';
  const issuer = issuerOf(question.issuer, grant.subject.issuer, context);
  return {
    identity: {
      ...identityOf(issuer, question),
      subjectKind,
      scopes: handle?.scopes ?? tokenScopes,
    },
    presented: presentedOf(question, grant, resource, context),
    clientAuthenticated: grant.clientAuth === 'required',
    proofs: proofsOf(question.binding ?? wantedBinding(grant, resource)),
    requestedScopes: scope?.split(' '),
    intent: intentOf(question),
    resource,
    expiresAt: new Date(now.getTime() + HOUR_MS),
    now,
  };
}

const issuerOf = (id: string | undefined, own: string, { issuers }: GrantContext): string =>
  (id === undefined ? undefined : issuers.get(id)?.issuer) ?? own;

interface Named {
  readonly subject: string;
  readonly claims?: Readonly<Record<string, ClaimValue>> | undefined;
}

const identityOf = (issuer: string, { subject, claims = {} }: Named): WorkloadIdentity => ({
  issuer,
  subject,
  subjectKind: 'workload',
  claims: new Map<string, ClaimValue>([
    ...Object.entries(claims),
    ['iss', issuer],
    ['sub', subject],
  ]),
  scopes: undefined,
});

function presentedOf(
  question: OwnQuestion,
  grant: Grant,
  resource: Resource,
  context: GrantContext,
): PresentedAuthority {
  const { actor, handle, mayAct: subject } = question;
  if (handle !== undefined) {
    const maxCalls = callsCeiling({ grant, resource }) + 1;
    const unnarrowed = { call: undefined, task: undefined };
    const parent = { resource: grant.resource, chainDepth: handle.depth, maxCalls, ...unnarrowed };
    return { kind: 'handle', parent: { ...parent, callsLeft: maxCalls } };
  }
  if (actor === undefined) return { kind: 'token' };
  const issuer = issuerOf(actor.issuer, grant.actor?.issuer ?? grant.subject.issuer, context);
  const mayAct = { issuer: undefined, subject, clientId: undefined };
  return {
    kind: 'delegated',
    actor: identityOf(issuer, actor),
    mayAct: subject === undefined ? undefined : mayAct,
    chain: NO_CHAIN,
  };
}

/** The least that grant and resource take. */
function wantedBinding(grant: Grant, resource: Resource): BindingKind {
  const wanted = [grant.binding, resource.handle.binding];
  if (wanted.includes('mtls')) return 'mtls';
  return wanted.every((one) => one === 'none') ? 'none' : 'dpop';
}

const proofsOf = (binding: BindingKind): Proofs => ({
  dpop: binding === 'dpop',
  mtls: binding === 'mtls',
  boundBy: 'none',
});

function intentOf({ task, call }: OwnQuestion): Intent {
  const [method = '', path = ''] = call?.split(' ') ?? [];
  const segments = parseCallPath(path);
  const named = segments === undefined ? undefined : { method, path, segments };
  return { ...NO_INTENT, task, call: named };
}
