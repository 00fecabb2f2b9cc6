import { type MayAct, subjectIdOf, type VerifiedToken, type WorkloadIdentity } from '#identity';
import { type PresentedAuthority } from '#policy';
import { refused } from './exchange-refusal.js';
import { parentOf, type PresentedSubject } from './presented-subject.js';

export interface Presenters {
  readonly subject: PresentedSubject;
  readonly actorToken: VerifiedToken | undefined;
  /** Whom the caller proved to be, apart from what it presents. */
  readonly caller: WorkloadIdentity | undefined;
}

/**
 * Who presents the subject's authority, and as what: the subject itself, an actor, or whoever holds a handle. Whom a
 * `may_act` names is checked here; whom a grant names, by the decision. The key of an identity is issuer and subject
 * together (RFC 9700 section 4.15).
 * @throws OAuthError invalid_request
 */
export function presentedAuthority(presenters: Presenters): PresentedAuthority {
  const { subject, actorToken, caller } = presenters;
  if (subject.origin.kind === 'handle') {
    const holder = subject.actors[0] ?? subject.identity;
    if (actorToken !== undefined || (caller !== undefined && !same(caller, holder))) {
      throw refused('pattern_mismatch', 'a handle is presented by whom it was issued to alone');
    }
    return { kind: 'handle', parent: parentOf(subject.origin.handle) };
  }
  const actor = actorOf(presenters);
  if (actor === undefined) return bySubject(subject);
  assertMayAct(subject, actor);
  return { kind: 'delegated', actor, mayAct: subject.mayAct, chain: subject.actors };
}

/** The actor token's subject, else an authenticated caller that is not the subject itself (A-02, C-07 in docs/conformance.md). */
function actorOf({ subject, actorToken, caller }: Presenters): WorkloadIdentity | undefined {
  if (actorToken === undefined) {
    return caller === undefined || same(caller, subject.identity) ? undefined : caller;
  }
  if (caller !== undefined && !same(caller, actorToken.identity)) {
    throw refused('not_allowed', 'the client assertion and the actor token name two workloads');
  }
  return actorToken.identity;
}

function bySubject({ identity, actors, mayAct }: PresentedSubject): PresentedAuthority {
  if (identity.subjectKind === 'person') {
    throw refused('person_without_actor', "a person's token needs an actor token");
  }
  // Exchanged without its actor, a delegated token would become the subject's own.
  if (actors.length > 0) {
    throw refused('actor_not_allowed', 'the subject token records an actor, and none is presented');
  }
  if (mayAct !== undefined && !names(mayAct, identity, identity.issuer)) {
    throw refused('actor_not_allowed', 'the subject token lets another act, and none is presented');
  }
  return { kind: 'token' };
}

function assertMayAct(
  { identity, mayAct, actors }: PresentedSubject,
  actor: WorkloadIdentity,
): void {
  if (same(actor, identity)) throw refused('actor_not_allowed', 'subject and actor are the same');
  const chain = [actor, ...actors].map(subjectIdOf);
  if (new Set(chain).size !== chain.length) {
    throw refused('actor_not_allowed', 'one actor stands in the chain twice');
  }
  if (mayAct === undefined || names(mayAct, actor, identity.issuer)) return;
  throw refused('actor_not_allowed', "the actor is not whom the subject token's may_act names");
}

/** Every member that is there must be met; a `may_act` without `iss` means one of the token's own issuer. */
function names(mayAct: MayAct, actor: WorkloadIdentity, issuer: string): boolean {
  const { claims } = actor;
  return (
    (mayAct.issuer ?? issuer) === actor.issuer &&
    (mayAct.subject === undefined || mayAct.subject === actor.subject) &&
    (mayAct.clientId === undefined || claims.get('client_id') === mayAct.clientId)
  );
}

interface Named {
  readonly issuer: string;
  readonly subject: string;
}

const same = (one: Named, other: Named): boolean =>
  one.issuer === other.issuer && one.subject === other.subject;
