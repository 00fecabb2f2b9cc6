import {
  type EventDataOf,
  EventFactory,
  type EventType,
  type PosternEvent,
  type RecordedEvent,
} from '#events';
import {
  aHandle,
  aHandleIssue,
  aHandleIssuedEvent,
  aHandleRevokedEvent,
  FixedClock,
  InMemoryEvidence,
  InMemoryHandleRecords,
  InMemoryHandleStore,
} from '#testing';
import { DecisionUnknown } from './admin-refusal.js';
import { EXPLAINED_EVENTS_MAX, Explanations } from './explanations.js';
import { explanationResource } from './explanation.wire.js';
import { CALL_STEP_OF, CALL_STEPS, EXCHANGE_STEP_OF, EXCHANGE_STEPS } from './refusal-step.js';
import { verdictOf } from './verdict.js';

const factory = new EventFactory({
  clock: new FixedClock(),
  environment: 'prod',
  deployment: 'test',
  component: 'sts',
});
const CORRELATION = 'req_1';
const client = { ip: '10.0.0.1' };

const caused = <T extends EventType>(type: T, data: EventDataOf<T>): PosternEvent =>
  factory.create(type, { subject: 'x/1', partitionKey: 'x_1', correlationId: CORRELATION, data });

const exchangeDenied = (
  data: Partial<EventDataOf<'dev.postern.exchange.denied.v1'>> = {},
): PosternEvent =>
  caused('dev.postern.exchange.denied.v1', {
    actor: { client },
    exchange_id: 'exc_1',
    env: 'prod',
    reason: 'not_allowed',
    detail: 'no grant gives "settler" the resource ledger; closest is grant a version 2',
    error: 'invalid_target',
    ...data,
  });

const callDenied = (data: Partial<EventDataOf<'dev.postern.call.denied.v1'>> = {}): PosternEvent =>
  caused('dev.postern.call.denied.v1', {
    checksum_ok: true,
    reason: 'operation_not_allowed',
    detail: 'no scope of the handle covers this method and path',
    env_listener: 'prod',
    method: 'POST',
    client,
    ...data,
  });

/** What operators are told of a request that caused these events. */
class Under {
  readonly records = new InMemoryHandleRecords();
  readonly handles = new InMemoryHandleStore(this.records);
  readonly evidence = new InMemoryEvidence(this.records.journal);
  readonly explanations = new Explanations(this);

  async explain(...events: readonly PosternEvent[]): Promise<Readonly<Record<string, unknown>>> {
    await this.records.journal.append(events);
    return explanationResource(await this.explanations.of(CORRELATION));
  }
}

describe('the explanation of an exchange that was denied', () => {
  it('says which step refused, what was compared and which grant came closest', async () => {
    const denial = exchangeDenied({ grant_id: 'a', grant_set_digest: 'd1' });
    expect(await new Under().explain(denial)).toMatchObject({
      correlation_id: CORRELATION,
      kind: 'exchange',
      effect: 'deny',
      step: 'decide',
      reason: 'not_allowed',
      compared: 'no grant gives "settler" the resource ledger; closest is grant a version 2',
      closest_grant: { id: 'a' },
      grant_set_digest: 'd1',
      at: denial.time,
      handle_id: null,
      events: [{ id: denial.id }],
      has_more: false,
    });
  });

  it('says who asked, as far as the event knows', async () => {
    const actor = { subject_id: 'sub_1', subject_issuer: 'https://a', subject: 's', client };
    const known = await new Under().explain(exchangeDenied({ actor }));
    expect(known['subject']).toEqual({ id: 'sub_1', issuer: 'https://a', subject: 's' });
    const issuerOnly = { subject_issuer: 'https://a', client };
    const partly = await new Under().explain(exchangeDenied({ actor: issuerOnly }));
    expect(partly['subject']).toEqual({ issuer: 'https://a' });
    const unknown = await new Under().explain(exchangeDenied());
    expect(unknown['subject']).toBeNull();
    expect(unknown['closest_grant']).toBeNull();
  });

  it('takes the step and the version of the grant from an event that tells them', async () => {
    const { data, ...rest } = exchangeDenied({ grant_id: 'a' });
    const telling = { ...rest, data: { ...data, step: 'token', grant_version: 7 } };
    const told = await new Under().explain(telling);
    expect(told).toMatchObject({ step: 'token', closest_grant: { id: 'a', version: 7 } });
  });

  it('is that of the denial, not of the revocations that it caused', async () => {
    const revoked = { ...aHandleRevokedEvent(aHandle()), correlationid: CORRELATION };
    const told = await new Under().explain(revoked, exchangeDenied({ reason: 'replayed' }));
    expect(told).toMatchObject({ kind: 'exchange', effect: 'deny', step: 'replay' });
    expect(told['events']).toHaveLength(2);
  });
});

describe('the explanation of an exchange that was permitted', () => {
  const actor = {
    subject_id: 'sub_1',
    subject_issuer: 'https://a',
    subject: 's',
    subject_kind: 'workload' as const,
    client,
  };
  const permitted = (handleId: string): PosternEvent =>
    caused('dev.postern.exchange.permitted.v1', {
      actor,
      exchange_id: 'exc_1',
      subject_token_iat: 1,
      subject_token_exp: 2,
      granted_resource: 'ledger',
      granted_scope: 'ledger.read',
      env: 'prod',
      handle_id: handleId,
      family_id: 'fam_1',
      handle_exp: 3,
      max_calls: 1,
      binding: 'none',
      pattern: 'federation',
      grant_id: 'a',
      grant_version: 3,
      grant_set_digest: 'd1',
    });

  it('names the grant, the handle and the chain of actors', async () => {
    const under = new Under();
    const actors = [{ issuer: 'https://a', subject: 'agent' }];
    const handle = aHandle({ actors });
    await under.handles.issue({ ...aHandleIssue(handle), events: [] });
    const issued = { ...aHandleIssuedEvent(handle), correlationid: CORRELATION };
    expect(await under.explain(permitted(handle.id), issued)).toMatchObject({
      kind: 'exchange',
      effect: 'permit',
      step: null,
      reason: null,
      compared: null,
      closest_grant: { id: 'a', version: 3 },
      grant_set_digest: 'd1',
      subject: { id: 'sub_1' },
      actors,
      handle_id: handle.id,
    });
  });

  it('does without a handle that is not stored any more', async () => {
    const told = await new Under().explain(permitted('hdl_gone'));
    expect(told).toMatchObject({ effect: 'permit', handle_id: 'hdl_gone', actors: [] });
  });
});

describe('the explanation of a call', () => {
  it('names the grant that its handle was issued by, and whose handle it is', async () => {
    const under = new Under();
    const handle = aHandle();
    await under.handles.issue({ ...aHandleIssue(handle), events: [] });
    expect(await under.explain(callDenied({ handle_id: handle.id }))).toMatchObject({
      kind: 'call',
      effect: 'deny',
      step: 'operation',
      reason: 'operation_not_allowed',
      closest_grant: { id: handle.grant.id, version: handle.grant.version },
      grant_set_digest: handle.grant.setDigest,
      subject: handle.subject,
    });
  });

  it('knows neither grant nor subject of a handle that was made up', async () => {
    expect(await new Under().explain(callDenied({ reason: 'unknown' }))).toMatchObject({
      step: 'handle',
      closest_grant: null,
      grant_set_digest: null,
      subject: null,
    });
  });

  it('never shows the digest of a handle', async () => {
    const under = new Under();
    const handle = aHandle();
    await under.handles.issue({ ...aHandleIssue(handle), events: [] });
    const told = await under.explain(callDenied({ handle_id: handle.id }));
    expect(JSON.stringify(told)).not.toContain(handle.digest);
  });

  it('is a permit when the call was forwarded, whatever the backend made of it', async () => {
    const completed = caused('dev.postern.call.completed.v1', {
      call_id: 'cal_1',
      handle_id: 'hdl_1',
      resource: 'ledger',
      route_template: '/x',
      method: 'GET',
      upstream_status: 500,
      bytes_in: 0,
      bytes_out: 0,
      duration_ms: 1,
      scrubbed: 0,
      outcome: 'upstream_error',
    });
    const told = await new Under().explain(completed);
    expect(told).toMatchObject({ kind: 'call', effect: 'permit', handle_id: 'hdl_1' });
  });
});

describe('the explanation of a revocation', () => {
  const revoked = (): PosternEvent => ({
    ...aHandleRevokedEvent(aHandle()),
    correlationid: CORRELATION,
  });

  it('says why', async () => {
    const told = await new Under().explain(revoked(), revoked());
    expect(told).toMatchObject({ kind: 'revocation', effect: 'permit', reason: 'a contract test' });
    expect(told['events']).toHaveLength(2);
  });

  it('shows 100 of its events, and says when there are more', async () => {
    const most = Array.from({ length: EXPLAINED_EVENTS_MAX }, revoked);
    expect((await new Under().explain(...most))['has_more']).toBe(false);
    const told = await new Under().explain(...most, revoked());
    expect(told['events']).toHaveLength(EXPLAINED_EVENTS_MAX);
    expect(told['has_more']).toBe(true);
  });
});

describe('no explanation', () => {
  it('is there for an id that no event has', async () => {
    const found = new Under().explain({ ...exchangeDenied(), correlationid: 'req_2' });
    await expect(found).rejects.toThrow(DecisionUnknown);
    await expect(found).rejects.toThrow('for 3 days at least');
  });

  it('is there for events that decide nothing, and the refusal names them', async () => {
    const due = caused('dev.postern.review.due.v1', {
      kind: 'grant',
      id: 'a',
      owner: 'o',
      review_by: '2026-11-20T12:00:00Z',
      days_left: 7,
    });
    await expect(new Under().explain(due, due)).rejects.toThrow(
      'only events of type dev.postern.review.due.v1',
    );
  });
});

describe('the step that refuses', () => {
  const verdictFor = (event: PosternEvent) => verdictOf([event as RecordedEvent])?.verdict;

  it.each(Object.entries(EXCHANGE_STEP_OF))('of an exchange for %s is %s', (reason, step) => {
    const denial = exchangeDenied({ reason: reason as keyof typeof EXCHANGE_STEP_OF });
    expect(verdictFor(denial)?.step).toBe(step);
  });

  it.each(Object.entries(CALL_STEP_OF))('of a call for %s is %s', (reason, step) => {
    expect(verdictFor(callDenied({ reason: reason as keyof typeof CALL_STEP_OF }))?.step).toBe(
      step,
    );
  });

  it('is left open only where each step can fail so', () => {
    const open = (steps: object): string[] =>
      Object.entries(steps).flatMap(([reason, step]) => (step === null ? [reason] : []));
    expect(open(EXCHANGE_STEP_OF)).toEqual(['dependency_unavailable', 'internal_error']);
    expect(open(CALL_STEP_OF)).toEqual(['dependency_unavailable', 'internal_error']);
  });

  it('is one that some reason leads to', () => {
    const unreached = (steps: readonly string[], table: object): string[] =>
      steps.filter((step) => !Object.values(table).includes(step));
    expect(unreached(EXCHANGE_STEPS, EXCHANGE_STEP_OF)).toEqual([]);
    expect(unreached(CALL_STEPS, CALL_STEP_OF)).toEqual([]);
  });
});
