import { randomBytes } from 'node:crypto';
import { EventFactory, type PosternEvent } from '#events';
import { type Handle, type HandleIssue, type SubjectTokenUse } from '#handles';
import { type CallStart } from '#injection';
import { randomId, sha256, SystemClock } from '#kernel';

/** Whole milliseconds, as every date that Postern stores. */
export const clock = new SystemClock();

export const events = new EventFactory({
  clock,
  environment: 'test',
  deployment: 'contract',
  component: 'standalone',
});

export const minutesFromNow = (minutes: number): Date =>
  new Date(clock.now().getTime() + minutes * 60_000);

export function aStoredHandle(overrides: Partial<Handle> = {}): Handle {
  return {
    id: randomId('hdl'),
    digest: sha256(randomBytes(32)),
    familyId: randomId('fam'),
    parentId: undefined,
    chainDepth: 0,
    subject: { issuer: 'https://issuer.test', subject: 'workload-1', id: 'sub_1' },
    actors: [],
    subjectTokenKeyId: 'kid-1',
    grant: { id: 'grant-1', version: 3, digest: 'd'.repeat(64), setDigest: 'a'.repeat(64) },
    pattern: 'federation',
    resource: 'ledger',
    environment: 'test',
    scopes: ['ledger.read', 'ledger.write'],
    binding: { kind: 'none' },
    intent: undefined,
    task: undefined,
    issuedAt: clock.now(),
    expiresAt: minutesFromNow(5),
    maxCalls: 100,
    callsUsed: 0,
    status: 'active',
    correlationId: randomId('req'),
    addressMark: sha256(randomBytes(32)),
    firstUseTold: false,
    ...overrides,
  };
}

export const issuedEvent = (handle: Handle): PosternEvent =>
  events.create('dev.postern.handle.issued.v1', {
    subject: `handle/${handle.id}`,
    partitionKey: handle.id,
    correlationId: handle.correlationId,
    data: {
      handle_id: handle.id,
      family_id: handle.familyId,
      subject_id: handle.subject.id,
      resource: handle.resource,
      scope: handle.scopes.join(' '),
      env: handle.environment,
      expires_at: Math.floor(handle.expiresAt.getTime() / 1000),
      max_calls: handle.maxCalls,
      grant_id: handle.grant.id,
      grant_version: handle.grant.version,
    },
  });

export const revokedEvent = (handle: Handle): PosternEvent =>
  events.create('dev.postern.handle.revoked.v1', {
    subject: `handle/${handle.id}`,
    partitionKey: handle.id,
    correlationId: 'req_revoke',
    data: {
      handle_id: handle.id,
      family_id: handle.familyId,
      scope: 'handle',
      reason: 'test',
      initiator: 'admin',
      revoked_at: 1,
    },
  });

export function aTokenUse(overrides: Partial<SubjectTokenUse> = {}): SubjectTokenUse {
  return {
    key: sha256(randomBytes(32)),
    usesMax: 1,
    environment: 'test',
    exchangeId: randomId('exc'),
    familyId: randomId('fam'),
    expiresAt: minutesFromNow(5),
    ...overrides,
  };
}

/** A handle with its issued event, and a second event that all handles of its subject share the key of. */
export function anIssue(
  handle: Handle = aStoredHandle(),
  use: SubjectTokenUse = aTokenUse(),
): HandleIssue & { readonly use: SubjectTokenUse } {
  const ofSubject = { ...issuedEvent(handle), partitionkey: handle.subject.id };
  return { handle, use, events: [ofSubject, issuedEvent(handle)] };
}

export const aCall = (handleId: string, overrides: Partial<CallStart> = {}): CallStart => ({
  callId: randomId('call'),
  handleId,
  resource: 'ledger',
  routeTemplate: '/accounts/{id}',
  method: 'GET',
  startedAt: clock.now(),
  correlationId: randomId('req'),
  ...overrides,
});

export const completedEvent = (
  call: CallStart,
  outcome: 'ok' | 'unknown_after_crash' = 'ok',
): PosternEvent<'dev.postern.call.completed.v1'> =>
  events.create('dev.postern.call.completed.v1', {
    subject: `call/${call.callId}`,
    partitionKey: call.handleId,
    correlationId: call.correlationId,
    data: {
      call_id: call.callId,
      handle_id: call.handleId,
      resource: call.resource,
      credential_version: 1,
      route_template: call.routeTemplate,
      method: call.method,
      upstream_status: 200,
      bytes_in: 0,
      bytes_out: 10,
      duration_ms: 12.5,
      scrubbed: 0,
      outcome,
    },
  });
