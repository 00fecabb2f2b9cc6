import { type Candidate, type DetectionSettings, shippedRules } from '#detection';
import { type EventDataOf, EventFactory, type EventType, type RecordedEvent } from '#events';
import { epochSeconds, randomId, secondsAfter, sha256 } from '#kernel';
import { FixedClock } from './fixed-clock.js';

/** When what the builders tell of begins. */
export const DETECTION_AT = new Date('2026-11-20T12:00:00Z');

export const TEST_DEPLOYMENT = 'postern-prod';

/** `prod`, with every rule as it ships. */
export const detectionSettings = (
  overrides: Partial<DetectionSettings> = {},
): DetectionSettings => ({
  environment: 'prod',
  deployment: TEST_DEPLOYMENT,
  rules: shippedRules(),
  environmentGroups: [],
  environmentOrder: ['dev', 'test', 'staging', 'prod'],
  responseBudget: 20,
  permitted: [],
  watermarkSeconds: 30,
  latenessSeconds: 3600,
  ...overrides,
});

/** A critical candidate of D06 about a handle of its own, whose revocation it plans. */
export function aCandidate(overrides: Partial<Candidate> = {}): Candidate {
  const handleId = randomId('hdl');
  return {
    rule: 'D06',
    entity: { type: 'handle', id: handleId },
    subjectId: 'sub_1',
    resource: 'ledger',
    startAt: DETECTION_AT,
    endAt: secondsAfter(DETECTION_AT, 1),
    severity: 'critical',
    confidence: 'high',
    observed: 1,
    threshold: 1,
    evidence: ['01980000-0000-7000-8000-000000000001'],
    explanation: 'The handle was presented without its key.',
    responses: [{ action: 'revoke_handle', target: `handle:${handleId}`, seconds: undefined }],
    ...overrides,
  };
}

interface EventPlace {
  readonly at?: Date;
  readonly environment?: string;
  readonly deployment?: string;
  /** Place among the events of its partition key. Default 1. */
  readonly sequence?: number;
  readonly partitionKey?: string;
}

/** An event as it leaves the outbox of a deployment. */
export function aRecordedEvent<T extends EventType>(
  type: T,
  data: EventDataOf<T>,
  place: EventPlace = {},
): RecordedEvent<T> {
  const { at = DETECTION_AT, environment = 'prod', deployment = TEST_DEPLOYMENT } = place;
  const clock = new FixedClock(at);
  const events = new EventFactory({ clock, environment, deployment, component: 'proxy' });
  const event = events.create(type, {
    subject: 'test/event',
    partitionKey: place.partitionKey ?? 'sub_1',
    correlationId: 'req_1',
    data,
  });
  return {
    ...event,
    recordedtime: at.toISOString(),
    sequence: String(place.sequence ?? 1).padStart(20, '0'),
  };
}

type Of<T extends EventType> = Partial<EventDataOf<T>>;

export const TEST_CLIENT = { ip: '10.1.2.3', user_agent: 'settler/1.0' } as const;
export const OTHER_CLIENT = { ip: '198.51.100.7', user_agent: 'curl/8.5.0' } as const;

/** Who acts in the events of the builders. */
export const anActor = (subjectId = 'sub_1', client: ActorClient = TEST_CLIENT) => ({
  subject_id: subjectId,
  subject_issuer: 'https://idp.test',
  subject: 'workload-1',
  subject_kind: 'workload' as const,
  client: { ...client },
});
interface ActorClient {
  readonly ip: string;
  readonly user_agent?: string;
}

/** A permitted exchange of a subject token of its own for a handle of its own. */
export function aPermittedExchange(
  data: Of<'dev.postern.exchange.permitted.v1'> = {},
  place: EventPlace = {},
): RecordedEvent<'dev.postern.exchange.permitted.v1'> {
  const at = place.at ?? DETECTION_AT;
  const whole = {
    actor: anActor(),
    exchange_id: randomId('exc'),
    subject_token_fp: sha256(randomId('fp')),
    subject_token_iat: epochSeconds(DETECTION_AT) - 60,
    subject_token_exp: epochSeconds(at) + 600,
    granted_resource: 'ledger',
    granted_scope: 'ledger.read',
    env: place.environment ?? 'prod',
    handle_id: randomId('hdl'),
    family_id: randomId('fam'),
    handle_exp: epochSeconds(at) + 300,
    max_calls: 100,
    binding: 'none' as const,
    pattern: 'federation' as const,
    grant_id: 'settlement-reads-ledger',
    grant_version: 1,
    grant_set_digest: sha256('set'),
    ...data,
  };
  const partitionKey = place.partitionKey ?? whole.actor.subject_id;
  return aRecordedEvent('dev.postern.exchange.permitted.v1', whole, { ...place, partitionKey });
}

/** A denied exchange of a subject token that was exchanged before. */
export function aDeniedExchange(
  data: Of<'dev.postern.exchange.denied.v1'> = {},
  place: EventPlace = {},
): RecordedEvent<'dev.postern.exchange.denied.v1'> {
  const whole = {
    actor: anActor(),
    exchange_id: randomId('exc'),
    env: place.environment ?? 'prod',
    reason: 'replayed' as const,
    detail: 'the subject token was exchanged 1 times',
    error: 'invalid_grant',
    prior_exchange_id: randomId('exc'),
    prior_env: 'prod',
    ...data,
  };
  return aRecordedEvent('dev.postern.exchange.denied.v1', whole, place);
}

/** A call that was denied for a handle of its own: `revoked`, unless it says otherwise. */
export function aDeniedCall(
  data: Of<'dev.postern.call.denied.v1'> = {},
  place: EventPlace = {},
): RecordedEvent<'dev.postern.call.denied.v1'> {
  const whole = {
    checksum_ok: true,
    reason: 'revoked' as const,
    detail: 'refused',
    resource: 'ledger',
    env_listener: place.environment ?? 'prod',
    env_handle: place.environment ?? 'prod',
    method: 'GET',
    client: { ...TEST_CLIENT },
    ...data,
  };
  const partitionKey = place.partitionKey ?? whole.handle_id ?? `peer:${whole.client.ip}`;
  return aRecordedEvent('dev.postern.call.denied.v1', whole, { ...place, partitionKey });
}

export function aRevokedHandle(
  handleId: string,
  data: Of<'dev.postern.handle.revoked.v1'> = {},
  place: EventPlace = {},
): RecordedEvent<'dev.postern.handle.revoked.v1'> {
  const whole = {
    handle_id: handleId,
    family_id: randomId('fam'),
    scope: 'handle' as const,
    reason: 'the pod is gone',
    initiator: 'admin' as const,
    revoked_at: epochSeconds(place.at ?? DETECTION_AT),
    ...data,
  };
  const partitionKey = place.partitionKey ?? handleId;
  return aRecordedEvent('dev.postern.handle.revoked.v1', whole, { ...place, partitionKey });
}
