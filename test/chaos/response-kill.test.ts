import {
  orderStores,
  PostgresDatabase,
  PostgresDetectionStore,
  PostgresHandleStore,
  PostgresResponseOrders,
} from '#adapters/postgres';
import { type PlannedResponse } from '#detection';
import { EventFactory } from '#events';
import { SystemClock } from '#kernel';
import { ChangeHandles } from '#oauth';
import { aCandidate, detectionSettings } from '#testing';
import { describeWithServer } from '#test-support';
import {
  CarryOutResponse,
  type CarryOutResponseParts,
} from '../../apps/control/src/carry-out-response.js';
import { ResponseLoop } from '../../apps/control/src/response-loop.js';
import { anIssue, aStoredHandle } from '../contract/handle-records.js';
import { DetectionFixture } from '../contract/detection-fixture.js';
import { until } from '../support/until.js';

const LEASE_MS = 200;
const clock = new SystemClock();
const events = new EventFactory({
  ...{ clock, environment: 'test', deployment: 'contract', component: 'control' },
});

interface Told {
  readonly type: string;
  readonly data: { readonly detection_id?: string; readonly result?: string };
}

/** As a control process has it: what lets go of all is that the process is gone. */
class Control {
  private constructor(
    private readonly database: PostgresDatabase,
    readonly orders: PostgresResponseOrders,
    readonly effects: CarryOutResponse,
  ) {}

  static async start(fixture: DetectionFixture): Promise<Control> {
    const url = await fixture.server.urlAs('postern_control');
    const database = await PostgresDatabase.connect({ url, applicationName: 'control' });
    const handles = new PostgresHandleStore(database);
    const parts = {
      ...{ environment: 'test', handles, events, clock },
      suspensions: orderStores(database).suspensions,
      changes: new ChangeHandles({ handles, events, clock }),
    };
    return new Control(
      database,
      new PostgresResponseOrders(database, events),
      // Taking a handle away asks nobody else.
      new CarryOutResponse(parts as unknown as CarryOutResponseParts),
    );
  }

  loop(onSettled: () => void): ResponseLoop {
    const { orders, effects } = this;
    const observer = { settled: onSettled, takenBack: () => undefined, failed: () => undefined };
    return new ResponseLoop({ orders, effects, clock, observer });
  }

  /** Nothing of it is done any more. */
  kill(): Promise<void> {
    return this.database.close();
  }
}

describeWithServer('a response, while who carries it out is killed', 'postgres-18', () => {
  let fixture: DetectionFixture;
  beforeAll(async () => {
    fixture = await DetectionFixture.open(18);
  });
  afterAll(() => fixture.close());

  const issued = async (): Promise<string> => {
    const handle = aStoredHandle();
    await new PostgresHandleStore(await fixture.as('postern_sts', 1)).issue(anIssue(handle));
    return handle.id;
  };
  const ordered = async (response: PlannedResponse): Promise<string> => {
    const store = new PostgresDetectionStore(await fixture.as('postern_sentinel', 1));
    const by = { settings: detectionSettings(), events, now: clock.now() };
    const sum = await store.raise([aCandidate({ responses: [response] })], by);
    expect(sum.ordered).toBe(1);
    return sum.raised[0]!.id;
  };
  const told = async (detectionId: string): Promise<readonly Told[]> =>
    fixture.server.database.query<Told>(
      `select type, payload->'data' as data from outbox
       where payload->'data'->>'detection_id' = $1 and type not like '%detection.raised%' order by seq`,
      [detectionId],
    );

  it.each([
    ['revoke_handle', 'dev.postern.handle.revoked.v1', 'between its effect and its end'],
    ['suspend_handle', 'dev.postern.handle.suspended.v1', 'between its effect and its end'],
    ['revoke_handle', 'dev.postern.handle.revoked.v1', 'before its effect'],
    ['suspend_handle', 'dev.postern.handle.suspended.v1', 'before its effect'],
  ] as const)(
    '%s has its effect once (%s), and is told once, when the kill comes %s',
    async (action, type, moment) => {
      const handleId = await issued();
      const seconds = action === 'suspend_handle' ? 600 : undefined;
      const detectionId = await ordered({ action, target: `handle:${handleId}`, seconds });

      const killed = await Control.start(fixture);
      const [order] = await killed.orders.claim(10, LEASE_MS);
      expect(order).toMatchObject({ detectionId, attempts: 1 });
      if (moment === 'between its effect and its end') {
        expect(await killed.effects.carryOut(order!)).toBe('done');
      }
      await killed.kill();

      const next = await Control.start(fixture);
      let settled = 0;
      const loop = next.loop(() => (settled += 1));
      loop.onApplicationBootstrap();
      await until('it is settled', () => settled === 1);
      await loop.onApplicationShutdown();
      await next.kill();

      const seen = await told(detectionId);
      expect(seen.map((event) => event.type).sort()).toEqual([
        type,
        'dev.postern.response.executed.v1',
      ]);
      expect(seen.find(({ data }) => data.result !== undefined)?.data.result).toBe('done');
    },
    30_000,
  );
});
