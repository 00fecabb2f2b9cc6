import { type Detection, type PlannedResponse, type ResponseOrder } from '#detection';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import { ChangeHandles } from '#oauth';
import {
  aCandidate,
  aHandle,
  aHandleIssue,
  HANDLE_ISSUED_AT,
  inMemoryOrderStores,
  raising,
  TEST_ENVIRONMENT,
} from '#testing';
import { AdminApi } from '../../../test/support/admin-api.js';
import { CarryOutResponse, type Initiated } from './carry-out-response.js';
import { Restrictions } from './restrictions.js';

const SUBJECT = `sub_${'a'.repeat(32)}`;
let api: AdminApi;
let effects: CarryOutResponse;
let detection: Detection;

beforeEach(async () => {
  api = new AdminApi();
  api.clock.set(HANDLE_ISSUED_AT);
  const { handles, clock, rotation, detectionEvents: events } = api;
  const changes = new ChangeHandles({ handles, events, clock });
  const restrictions = new Restrictions({ ...api.detection, events, clock });
  effects = new CarryOutResponse({
    ...{ environment: TEST_ENVIRONMENT, handles, changes, rotation, events, clock, restrictions },
    ...{ detection: api.detection, suspensions: inMemoryOrderStores(api.records).suspensions },
  });
  detection = await raised();
});

async function raised(overrides: Parameters<typeof aCandidate>[0] = {}): Promise<Detection> {
  const sum = await api.detection.store.raise(
    [aCandidate({ responses: [], threshold: 6_000, ...overrides })],
    raising(),
  );
  return sum.raised[0]!;
}

const ordered = (
  action: PlannedResponse['action'],
  target: string,
  overrides: Partial<ResponseOrder> & Partial<PlannedResponse> = {},
): ResponseOrder => ({
  ...{ id: 'rsp_1', detectionId: detection.id, rule: 'D10', attempts: 1 },
  orderedAt: api.clock.now(),
  ...overrides,
  response: { action, target, seconds: 'seconds' in overrides ? overrides.seconds : 600 },
});
const standing = () => api.detection.restrictions.standing(api.clock.now());
const issued = async (overrides: Parameters<typeof aHandle>[0] = {}): Promise<string> => {
  const handle = aHandle({ environment: TEST_ENVIRONMENT, ...overrides });
  await api.handles.issue(aHandleIssue(handle));
  return handle.id;
};
const statusOf = async (id: string): Promise<string | undefined> =>
  (await api.handles.findById(id))?.status;
const by: Initiated = {
  reason: 'our own test',
  initiator: 'admin',
  initiatorId: 'sub_operator',
  correlationId: 'req_1',
};

describe('a response that takes handles away', () => {
  it('revokes the handle that it names, and no other', async () => {
    const [handle, bystander] = [await issued(), await issued()];
    expect(await effects.carryOut(ordered('revoke_handle', `handle:${handle}`))).toBe('done');
    expect([await statusOf(handle), await statusOf(bystander)]).toEqual(['revoked', 'active']);
  });

  it('is the same again: nothing more is told', async () => {
    const order = ordered('revoke_handle', `handle:${await issued()}`);
    await effects.carryOut(order);
    expect(await effects.carryOut(order)).toBe('done');
    expect(api.records.journal.of('dev.postern.handle.revoked.v1')).toHaveLength(1);
  });

  it.each([
    ['revoke_handle', 'handle:hdl_none'],
    ['revoke_family', 'family:fam_none'],
    ['revoke_handle', `handle_fp:${'a'.repeat(32)}`],
    ['page', 'handle:hdl_1'],
    ['hold_promotion', 'resource:ledger'],
  ] as const)('finds nothing to do for %s %s', async (action, target) => {
    expect(await effects.carryOut(ordered(action, target))).toBe('nothing_to_do');
  });

  it('leaves handles of other environments to those who issued them', async () => {
    const foreign = await issued({ environment: 'staging' });
    const order = ordered('revoke_handle', `handle:${foreign}`);
    expect(await effects.carryOut(order)).toBe('nothing_to_do');
    expect(await statusOf(foreign)).toBe('active');
  });

  it('takes a suspension back when its time is over, and not the one of somebody else', async () => {
    const handle = await issued();
    const order = ordered('suspend_handle', `handle:${handle}`);
    expect(await effects.carryOut(order)).toBe('done');
    const foreign = { ...order, id: 'rsp_2', detectionId: 'det_other' };
    expect(await effects.takeBack(foreign)).toBe(false);
    expect(await statusOf(handle)).toBe('suspended');
    expect(await effects.takeBack(order)).toBe(true);
    expect(await statusOf(handle)).toBe('active');
  });
});

describe('a suspension that somebody else wants too', () => {
  const until = { seconds: 900 };
  const byOperator = (id: string) => {
    const { handles, clock, detectionEvents: events } = api;
    return new ChangeHandles({ handles, clock, events }).carryOut({
      ...{ action: 'suspend', selector: { scope: 'handle', id }, initiator: 'admin' },
      ...{ reason: 'we look into it', initiatorId: 'sub_operator', correlationId: 'req_1' },
    });
  };

  it('does not end with the detection when an operator suspended the same meanwhile', async () => {
    const handle = await issued();
    const order = ordered('suspend_handle', `handle:${handle}`, until);
    await effects.carryOut(order);
    await byOperator(handle);
    expect(await effects.takeBack(order)).toBe(false);
    expect(await statusOf(handle)).toBe('suspended');
  });

  it('is left to the operator who was first', async () => {
    const handle = await issued();
    await byOperator(handle);
    const order = ordered('suspend_handle', `handle:${handle}`, until);
    expect(await effects.carryOut(order)).toBe('nothing_to_do');
    expect(await effects.takeBack(order)).toBe(false);
    expect(await statusOf(handle)).toBe('suspended');
  });

  it('lasts as long as the later of two detections says', async () => {
    const handle = await issued();
    const first = ordered('suspend_handle', `handle:${handle}`, until);
    const later = { ...first, id: 'rsp_2', detectionId: (await raised({ rule: 'D07' })).id };
    await effects.carryOut(first);
    expect(await effects.carryOut(later)).toBe('done');
    expect(await effects.takeBack(first)).toBe(false);
    expect(await statusOf(handle)).toBe('suspended');
    expect(await effects.takeBack(later)).toBe(true);
    expect(await statusOf(handle)).toBe('active');
  });
});

describe('a response that restricts', () => {
  it.each<[PlannedResponse['action'], string, object]>([
    ['rate_limit', `subject:${SUBJECT}`, { kind: 'exchange_rate', entityId: SUBJECT, limit: 20 }],
    ['rate_limit', 'source:office', { kind: 'guess_rate', entityId: 'office', limit: 10 }],
    ['block_source', 'source:office', { kind: 'source_block', entityId: 'office' }],
    ['block_source', 'source:198.51.100.7', { kind: 'source_block', entityId: '198.51.100.0/24' }],
    [
      'block_source',
      'source:2001:db8:1::7',
      { kind: 'source_block', entityId: '2001:db8:1:0:0:0:0:0/48' },
    ],
    [
      'step_down',
      `subject:${SUBJECT}`,
      { kind: 'known_credentials_only', entityId: SUBJECT, resources: [] },
    ],
  ])('imposes for %s %s what it names', async (action, target, terms) => {
    expect(await effects.carryOut(ordered(action, target))).toBe('done');
    expect(await standing()).toMatchObject([
      { ...terms, detectionId: detection.id, until: secondsAfter(api.clock.now(), 600) },
    ]);
  });

  it('leaves a workload what it usually does', async () => {
    const { usual } = api.detection.usual;
    usual.set(SUBJECT, { exchanges: 61.5, resources: ['ledger', 'archive'] });
    await effects.carryOut(ordered('rate_limit', `subject:${SUBJECT}`));
    await effects.carryOut(ordered('step_down', `subject:${SUBJECT}`, { id: 'rsp_2' }));
    expect(await standing()).toMatchObject([
      { kind: 'exchange_rate', limit: 62 },
      { kind: 'known_credentials_only', resources: ['ledger', 'archive'] },
    ]);
  });

  it('gives a handle by the minute what is usual in the hour', async () => {
    const handle = await issued();
    const order = ordered('throttle', `handle:${handle}`, { rule: 'D17' });
    expect(await effects.carryOut(order)).toBe('done');
    expect(await standing()).toMatchObject([{ kind: 'bytes_rate', entityId: handle, limit: 100 }]);
  });

  it.each([
    ['a handle that there is not', 'throttle', 'handle:hdl_none'],
    ['a resource, which many share', 'throttle', 'resource:ledger'],
    ['a grant', 'rate_limit', 'grant:g'],
    ['a handle', 'rate_limit', 'handle:hdl_1'],
    ['a source, of which nobody is known', 'step_down', 'source:office'],
    ['a workload', 'block_source', `subject:${SUBJECT}`],
    ['nobody', 'rate_limit', 'subject:'],
  ] as const)('imposes nothing on %s', async (_, action, target) => {
    expect(await effects.carryOut(ordered(action, target))).toBe('nothing_to_do');
    expect(await standing()).toEqual([]);
  });

  it('imposes nothing on a handle of another environment', async () => {
    const foreign = await issued({ environment: 'staging' });
    expect(await effects.carryOut(ordered('throttle', `handle:${foreign}`))).toBe('nothing_to_do');
    expect(await standing()).toEqual([]);
  });

  it('ends by itself: after half an hour when nobody says when, and never later than an hour', async () => {
    const target = 'source:office';
    await effects.carryOut(ordered('block_source', target, { seconds: undefined }));
    const long = { id: 'rsp_2', seconds: 86_400 };
    await effects.carryOut(ordered('block_source', target, long));
    const ends = (await standing()).map(({ until }) => until);
    expect(ends).toEqual([1_800, 3_600].map((seconds) => secondsAfter(api.clock.now(), seconds)));
    api.clock.advance(3_600);
    expect(await standing()).toEqual([]);
  });

  it('is the same again: it lasts no longer, and is told once', async () => {
    const order = ordered('block_source', 'source:office');
    await effects.carryOut(order);
    api.clock.advance(300);
    expect(await effects.carryOut(order)).toBe('done');
    expect(await standing()).toMatchObject([{ until: secondsAfter(HANDLE_ISSUED_AT, 600) }]);
    expect(api.records.journal.of('dev.postern.restriction.imposed.v1')).toEqual([
      expect.objectContaining({
        ...{ detection_id: detection.id, kind: 'source_block', target: 'source:office' },
      }),
    ]);
  });

  it('is lifted by who takes the detection back, once and with an event', async () => {
    const order = ordered('rate_limit', `subject:${SUBJECT}`);
    await effects.carryOut(order);
    expect(await effects.takeBack(order, by)).toBe(true);
    expect(await effects.takeBack(order, by)).toBe(false);
    expect(await standing()).toEqual([]);
    expect(api.records.journal.of('dev.postern.restriction.lifted.v1')).toEqual([
      expect.objectContaining({ reason: 'our own test', initiator_id: 'sub_operator' }),
    ]);
  });

  it('is not taken back when its time is over: it has ended by then', async () => {
    const order = ordered('block_source', 'source:office');
    await effects.carryOut(order);
    expect(await effects.takeBack(order)).toBe(false);
    expect(api.records.journal.of('dev.postern.restriction.lifted.v1')).toEqual([]);
  });

  it('is imposed for no detection that there is not', async () => {
    const order = ordered('block_source', 'source:office', { detectionId: 'det_none' });
    expect(await effects.carryOut(order)).toBe('nothing_to_do');
  });

  it('is done again when its event could not be written', async () => {
    const order = ordered('block_source', 'source:office');
    api.records.journal.setReachable(false);
    await expect(effects.carryOut(order)).rejects.toThrow(DependencyUnavailable);
    api.records.journal.setReachable(true);
    expect(await standing()).toEqual([]);
    expect(await effects.carryOut(order)).toBe('done');
  });
});
