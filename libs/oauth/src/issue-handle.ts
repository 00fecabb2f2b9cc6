import { type Clock, secondsAfter } from '#kernel';
import { type ActorHop, subjectIdOf } from '#identity';
import { type AccessDecision, type PresentedAuthority } from '#policy';
import { addressMark, type Binding, type Handle, type MintedHandle } from '#handles';
import { type ProvenKeys } from './possession.js';
import { type PresentedSubject } from './presented-subject.js';
import { familyIdOf } from './subject-token-key.js';

export type Permit = Extract<AccessDecision, { effect: 'permit' }>;

/** All that a new handle is made of. */
export interface NewHandle {
  readonly minted: MintedHandle;
  readonly subject: PresentedSubject;
  readonly presented: PresentedAuthority;
  readonly permit: Permit;
  readonly keys: ProvenKeys;
  /** Of the first exchange of the token, when there was one. */
  readonly knownFamilyId: string | undefined;
  readonly environment: string;
  readonly correlationId: string;
  /** Of whoever gets it. */
  readonly peerAddress: string;
  readonly clock: Clock;
}

/** The record of a handle that was permitted: what the decision says, and nothing that it does not. */
export function newHandle(parts: NewHandle): Handle {
  const { minted, subject, permit } = parts;
  const { identity } = subject;
  const issuedAt = parts.clock.now();
  return {
    id: minted.id,
    digest: minted.digest,
    ...lineageOf(parts),
    subject: { issuer: identity.issuer, subject: identity.subject, id: subjectIdOf(identity) },
    actors: actorsOf(parts),
    grant: {
      id: permit.grant.id,
      version: permit.grant.version,
      digest: permit.grant.digest,
      setDigest: permit.grantSetDigest,
    },
    pattern: permit.grant.pattern,
    resource: permit.grant.resource,
    environment: parts.environment,
    scopes: permit.scopes,
    binding: bindingOf(parts),
    intent:
      permit.call === undefined
        ? undefined
        : { method: permit.call.method, path: permit.call.path },
    task: permit.task,
    issuedAt,
    expiresAt: secondsAfter(issuedAt, permit.lifeSeconds),
    maxCalls: permit.maxCalls,
    callsUsed: 0,
    status: 'active',
    correlationId: parts.correlationId,
    addressMark: addressMark(minted.plaintext, parts.peerAddress),
    firstUseTold: false,
  };
}

type Lineage = Pick<Handle, 'familyId' | 'parentId' | 'chainDepth' | 'subjectTokenKeyId'>;

function lineageOf({ subject: { origin }, permit, knownFamilyId }: NewHandle): Lineage {
  const { chainDepth } = permit;
  if (origin.kind === 'handle') {
    const { familyId, id, subjectTokenKeyId } = origin.handle;
    return { familyId, parentId: id, chainDepth, subjectTokenKeyId };
  }
  const familyId = knownFamilyId ?? familyIdOf(origin.use.key);
  return { familyId, parentId: undefined, chainDepth, subjectTokenKeyId: origin.token.keyId };
}

/** The new actor in front of those there were; of each no more than who it is (A-07 in docs/conformance.md). */
function actorsOf({ presented, subject }: NewHandle): readonly ActorHop[] {
  if (presented.kind !== 'delegated') return subject.actors;
  const { issuer, subject: name } = presented.actor;
  return [{ issuer, subject: name }, ...subject.actors];
}

function bindingOf({ permit: { binding }, keys }: NewHandle): Binding {
  if (binding === 'dpop' && keys.jkt !== undefined) return { kind: 'dpop', jkt: keys.jkt };
  if (binding === 'mtls' && keys.x5tS256 !== undefined) {
    return { kind: 'mtls', x5tS256: keys.x5tS256 };
  }
  if (binding === 'none') return { kind: 'none' };
  throw new TypeError('a binding was permitted to a key that was not proven');
}
