import { randomBytes } from 'node:crypto';
import { EventFactory, type PosternEvent } from '#events';
import { type Handle, type HandleIssue, type SubjectTokenUse } from '#handles';
import { epochSeconds, randomId, secondsAfter, sha256 } from '#kernel';
import { FixedClock } from './fixed-clock.js';

/** When the handles of the builders are issued. They live for five minutes. */
export const HANDLE_ISSUED_AT = new Date('2026-11-20T12:00:00Z');
const LIFE_SECONDS = 300;

const events = new EventFactory({
  clock: new FixedClock(HANDLE_ISSUED_AT),
  environment: 'test',
  deployment: 'contract',
  component: 'sts',
});

/** A live handle with an id, a digest and a family of its own. */
export const aHandle = (overrides: Partial<Handle> = {}): Handle => ({
  id: randomId('hdl'),
  digest: sha256(randomBytes(32)),
  familyId: randomId('fam'),
  parentId: undefined,
  chainDepth: 0,
  subject: { issuer: 'https://idp.test', subject: 'workload-1', id: 'sub_1' },
  actors: [],
  subjectTokenKeyId: 'key-1',
  grant: { id: 'grant-1', version: 3, digest: 'd'.repeat(64), setDigest: 'a'.repeat(64) },
  pattern: 'federation',
  resource: 'ledger',
  environment: 'test',
  scopes: ['ledger.read', 'ledger.post'],
  binding: { kind: 'none' },
  intent: undefined,
  task: undefined,
  issuedAt: HANDLE_ISSUED_AT,
  expiresAt: secondsAfter(HANDLE_ISSUED_AT, LIFE_SECONDS),
  maxCalls: 100,
  callsUsed: 0,
  status: 'active',
  correlationId: randomId('req'),
  addressMark: undefined,
  firstUseTold: false,
  ...overrides,
});

/** One use of a subject token of its own, which may be used once. */
export const aSubjectTokenUse = (overrides: Partial<SubjectTokenUse> = {}): SubjectTokenUse => ({
  key: sha256(randomBytes(32)),
  usesMax: 1,
  environment: 'test',
  exchangeId: randomId('exc'),
  familyId: randomId('fam'),
  expiresAt: secondsAfter(HANDLE_ISSUED_AT, LIFE_SECONDS),
  ...overrides,
});

/** A handle with its subject token's use and its event. */
export const aHandleIssue = (
  handle: Handle = aHandle(),
  use: SubjectTokenUse = aSubjectTokenUse({ familyId: handle.familyId }),
): HandleIssue & { readonly use: SubjectTokenUse } => ({
  handle,
  use,
  events: [aHandleIssuedEvent(handle)],
});

export const aHandleIssuedEvent = (handle: Handle): PosternEvent =>
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
      expires_at: epochSeconds(handle.expiresAt),
      max_calls: handle.maxCalls,
      grant_id: handle.grant.id,
      grant_version: handle.grant.version,
    },
  });

export const aHandleRevokedEvent = (handle: Handle): PosternEvent =>
  events.create('dev.postern.handle.revoked.v1', {
    subject: `handle/${handle.id}`,
    partitionKey: handle.id,
    correlationId: 'req_revocation',
    data: {
      handle_id: handle.id,
      family_id: handle.familyId,
      scope: 'handle',
      reason: 'a contract test',
      initiator: 'admin',
      revoked_at: epochSeconds(HANDLE_ISSUED_AT),
    },
  });

/** A denial, which has no state of its own. */
export const aDenialEvent = (partitionKey = randomId('exc')): PosternEvent =>
  events.create('dev.postern.exchange.denied.v1', {
    subject: `exchange/${partitionKey}`,
    partitionKey,
    correlationId: randomId('req'),
    severity: 'WARN',
    data: {
      actor: { client: { ip: '127.0.0.1' } },
      exchange_id: partitionKey,
      env: 'test',
      reason: 'malformed_request',
      detail: 'a contract test',
      error: 'invalid_request',
    },
  });
