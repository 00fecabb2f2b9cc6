import { ChangeHandles, type Operator } from '#oauth';
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
import { CarryOutResponse } from './carry-out-response.js';
import { Detections } from './detections.js';
import { Restrictions } from './restrictions.js';

let api: AdminApi;
let effects: CarryOutResponse;

beforeEach(() => {
  api = new AdminApi();
  api.clock.set(HANDLE_ISSUED_AT);
  const { handles, clock, rotation, detectionEvents: events } = api;
  effects = new CarryOutResponse({
    ...{ environment: TEST_ENVIRONMENT, handles, rotation, events, clock },
    changes: new ChangeHandles({ handles, events, clock }),
    restrictions: new Restrictions({ ...api.detection, events, clock }),
    ...{ detection: api.detection, suspensions: inMemoryOrderStores(api.records).suspensions },
  });
});

const issued = async (): Promise<string> => {
  const handle = aHandle({ environment: TEST_ENVIRONMENT });
  await api.handles.issue(aHandleIssue(handle));
  return handle.id;
};
const statusOf = async (id: string): Promise<string | undefined> =>
  (await api.handles.findById(id))?.status;

describe('a response that waits when its detection is undone', () => {
  const operator = { subjectId: 'sub_operator', handleId: undefined } as unknown as Operator;
  const undo = (id: string) => {
    const { clock, detectionEvents: events } = api;
    const detections = new Detections({ detection: api.detection, effects, events, clock });
    return detections.undo(id, 'our own test', operator);
  };
  const waiting = async (handle: string): Promise<string> => {
    const responses = [
      { action: 'suspend_handle', target: `handle:${handle}`, seconds: 900 } as const,
    ];
    const { store } = api.detection;
    return (await store.raise([aCandidate({ responses })], raising())).raised[0]!.id;
  };

  it('is never carried out', async () => {
    const id = await waiting(await issued());
    const { undone, kept } = await undo(id);
    expect(undone).toMatchObject([{ result: 'nothing_to_do' }]);
    expect(kept).toEqual([]);
    expect(await api.responseOrders.claim(10, 60_000)).toEqual([]);
    expect(await undo(id)).toMatchObject({ undone: [], kept: [{ result: 'nothing_to_do' }] });
  });

  it('is not carried out again by the next, when who had it is gone', async () => {
    const id = await waiting(await issued());
    await api.responseOrders.claim(10, 100);
    expect((await undo(id)).undone).toHaveLength(1);
    expect(await api.responseOrders.claim(10, 60_000)).toEqual([]);
  });

  it('is taken back when it was being carried out', async () => {
    const handle = await issued();
    const id = await waiting(handle);
    const [order] = await api.responseOrders.claim(10, 60_000);
    const undoing = undo(id);
    await api.responseOrders.settle(order!, await effects.carryOut(order!));
    expect((await undoing).undone).toMatchObject([{ result: 'done' }]);
    expect(await statusOf(handle)).toBe('active');
  });
});
