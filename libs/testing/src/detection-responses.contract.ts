import { type Candidate, type PlannedResponse } from '#detection';
import { randomId, secondsAfter } from '#kernel';
import { aCandidate, DETECTION_AT, detectionSettings } from './detection-builders.js';
import {
  type DetectionStoreUnderTest,
  raising,
  settingsWith,
} from './detection-store-under-test.js';

const EXECUTED = 'dev.postern.response.executed.v1';

/** What every DetectionStore makes of responses. */
export function detectionResponsesContract(under: () => DetectionStoreUnderTest): void {
  const outcomesOf = async (id: string): Promise<unknown[]> =>
    (await under().told(id)).filter(({ type }) => type === EXECUTED).map(({ data }) => data);

  it('orders what the rule may do, with the detection', async () => {
    const { store, orders } = under();
    const candidate = aCandidate();
    const { raised, ordered, suppressed } = await store.raise([candidate], raising());
    expect([ordered, suppressed]).toEqual([1, 0]);
    const claimed = await orders.claim(10, 60_000);
    expect(claimed).toEqual([
      {
        id: expect.any(String) as unknown,
        detectionId: raised[0]!.id,
        rule: 'D06',
        response: candidate.responses[0],
        orderedAt: raising().now,
        attempts: 1,
      },
    ]);
  });

  it('orders what a candidate of the same name plans besides, also when it is no more than before', async () => {
    const { store, orders, told } = under();
    const from = (ip: string): PlannedResponse => planned('block_source', `source:${ip}`, 1_800);
    const canary = aCandidate({ rule: 'D09', responses: [from('192.0.2.1')] });
    const { raised } = await store.raise([canary], raising());
    const again = { ...canary, responses: [from('192.0.2.1'), from('198.51.100.7')] };
    const sum = await store.raise([again], raising(undefined, 30));
    expect([sum.updated.map(({ id }) => id), sum.ordered]).toEqual([[raised[0]!.id], 1]);
    const claimed = await orders.claim(10, 60_000);
    expect(claimed.map(({ response }) => response.target)).toEqual([
      'source:192.0.2.1',
      'source:198.51.100.7',
    ]);
    expect((await store.raise([again], raising(undefined, 60))).updated).toEqual([]);
    expect((await told(raised[0]!.id)).map(({ type }) => type).sort()).toEqual([
      'dev.postern.detection.raised.v1',
      'dev.postern.detection.updated.v1',
    ]);
  });

  it.each([
    ['monitor_mode', aCandidate(), settingsWith('D06', { mode: 'monitor' })],
    ['monitor_mode', aCandidate(), settingsWith('D06', { resources: { ledger: 'monitor' } })],
    ['response_budget', aCandidate(), detectionSettings({ responseBudget: 0 })],
    [
      'approval_missing',
      aCandidate({ rule: 'D16', responses: [planned('disable_grant', 'grant:g')] }),
      settingsWith('D16', { mode: 'enforce' }),
    ],
    [
      'approval_missing',
      aCandidate({ responses: [planned('suspend_grant', 'grant:g', 900)] }),
      detectionSettings(),
    ],
    [
      'approval_missing',
      aCandidate({ responses: [planned('revoke_handle', 'subject:sub_1')] }),
      detectionSettings(),
    ],
  ] as const)(
    'orders nothing that %s keeps it from, and says so',
    async (by, candidate, settings) => {
      const { store, orders } = under();
      const sum = await store.raise([candidate], raising(settings));
      expect([sum.ordered, sum.suppressed]).toEqual([0, 1]);
      expect(await orders.claim(10, 60_000)).toEqual([]);
      const { action, target } = candidate.responses[0]!;
      expect(await outcomesOf(sum.raised[0]!.id)).toEqual([
        {
          detection_id: sum.raised[0]!.id,
          action,
          target,
          result: 'suppressed',
          suppressed_by: by,
        },
      ]);
    },
  );

  it('neither orders nor suppresses what is only told', async () => {
    const { store, orders } = under();
    const responses = [planned('page', 'resource:ledger'), planned('report', 'source:x')];
    const sum = await store.raise([aCandidate({ responses })], raising());
    expect([sum.ordered, sum.suppressed]).toEqual([0, 0]);
    expect(await orders.claim(10, 60_000)).toEqual([]);
    expect(await outcomesOf(sum.raised[0]!.id)).toEqual([]);
  });

  it('orders a permitted response of another kind', async () => {
    const settings = settingsWith('D16', { mode: 'enforce' }, { permitted: ['disable_grant'] });
    const responses = [planned('disable_grant', 'grant:g')];
    const sum = await under().store.raise(
      [aCandidate({ rule: 'D16', responses })],
      raising(settings),
    );
    expect(sum.ordered).toBe(1);
  });

  it('orders what a detection grows by, and nothing twice', async () => {
    const { store, orders } = under();
    const known = aCandidate({ severity: 'low' });
    await store.raise([known], raising());
    const more = planned('revoke_family', 'family:fam_1');
    const grown: Candidate = {
      ...known,
      severity: 'high',
      responses: [...known.responses, more],
    };
    const { ordered, updated } = await store.raise([grown], raising());
    expect(ordered).toBe(1);
    expect(updated[0]!.responses).toEqual(grown.responses);
    expect((await orders.claim(10, 60_000)).map(({ response }) => response)).toEqual(
      grown.responses,
    );
  });

  it('has one budget for all candidates of a rule, in one batch and over ten minutes', async () => {
    const { store, twin } = under();
    const settings = detectionSettings({ responseBudget: 3 });
    const raise = async (count: number, second: number): Promise<number[]> => {
      const candidates = Array.from({ length: count }, () => aCandidate(anyone()));
      const sum = await (count % 2 === 0 ? store : twin).raise(
        candidates,
        raising(settings, second),
      );
      expect(sum.raised).toHaveLength(count);
      return [sum.ordered, sum.suppressed];
    };
    expect(await raise(2, 0)).toEqual([2, 0]);
    expect(await raise(3, 1)).toEqual([1, 2]);
    expect(await raise(1, 599)).toEqual([0, 1]);
    expect(await raise(4, 600)).toEqual([2, 2]);
  });

  it('decides once more on what the budget had no room for, when it goes on and there is room', async () => {
    const { store, twin, orders } = under();
    const settings = detectionSettings({ responseBudget: 1 });
    const [first, late] = [aCandidate(), aCandidate()];
    const sum = await store.raise([first, late], raising(settings));
    expect([sum.ordered, sum.suppressed]).toEqual([1, 1]);
    const again = (second: number, endSecond = second) =>
      twin.raise(
        [{ ...late, endAt: secondsAfter(DETECTION_AT, endSecond) }],
        raising(settings, second),
      );
    expect(await again(300)).toMatchObject({ ordered: 0, suppressed: 0, updated: [] });
    expect(await again(700, 1)).toMatchObject({ ordered: 0 }); // Nothing has come since.
    expect(await again(1_500, 800)).toMatchObject({ ordered: 0 }); // It is long over.
    expect(await again(1_501)).toMatchObject({ ordered: 1, suppressed: 0, updated: [] });
    expect(await again(9_000)).toMatchObject({ ordered: 0 });
    expect((await orders.claim(10, 60_000)).map(({ response }) => response)).toEqual([
      ...first.responses,
      ...late.responses,
    ]);
    expect(await outcomesOf(sum.raised[1]!.id)).toHaveLength(1);
  });

  it('orders nothing later that was only monitored, or that somebody closed', async () => {
    const { store, orders } = under();
    const more = { endAt: secondsAfter(DETECTION_AT, 5) };
    const monitored = aCandidate();
    await store.raise([monitored], raising(settingsWith('D06', { mode: 'monitor' })));
    await store.raise([{ ...monitored, ...more }], raising());
    const closed = aCandidate();
    const { raised } = await store.raise(
      [closed],
      raising(detectionSettings({ responseBudget: 0 })),
    );
    const by = { resolution: 'benign', operatorId: undefined, note: undefined } as const;
    await store.close(raised[0]!.id, { ...by, ...raising() });
    await store.raise([{ ...closed, ...more }], raising());
    expect(await orders.claim(10, 60_000)).toEqual([]);
  });

  it('gives each rule a budget of its own', async () => {
    const { store } = under();
    const settings = detectionSettings({ responseBudget: 1 });
    const candidates = [aCandidate(), aCandidate({ rule: 'D03' }), aCandidate()];
    expect((await store.raise(candidates, raising(settings))).ordered).toBe(2);
  });

  it('keeps to the budget when many raise at once', async () => {
    const { store, twin, orders } = under();
    const by = raising(detectionSettings({ responseBudget: 5 }));
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (n % 2 === 0 ? store : twin).raise([aCandidate(anyone())], by),
      ),
    );
    expect(await orders.claim(100, 60_000)).toHaveLength(5);
  });

  it('gives back the place of an order that found nothing to do, and of no other', async () => {
    const { store, orders } = under();
    const by = raising(detectionSettings({ responseBudget: 3 }));
    await store.raise([anyone(), anyone(), anyone()].map(aCandidate), by);
    const [one, two] = await orders.claim(2, 60_000);
    await orders.settle(one!, 'nothing_to_do');
    await orders.settle(two!, 'done');
    expect((await store.raise([anyone(), anyone()].map(aCandidate), by)).ordered).toBe(1);
  });

  it('leaves half of a budget to others, whatever one workload does', async () => {
    const { store, twin } = under();
    const by = raising(detectionSettings({ responseBudget: 4 }));
    const his = { subjectId: 'sub_taken_over' };
    const sums = [
      await store.raise([his, his, his].map(aCandidate), by),
      await twin.raise([his, anyone()].map(aCandidate), by),
    ];
    expect(sums.map(({ ordered }) => ordered)).toEqual([2, 1]);
    expect(sums.map(({ suppressed }) => suppressed)).toEqual([1, 1]);
  });

  it('is not used up by handles that nobody has', async () => {
    const { store, orders } = under();
    const by = raising(detectionSettings({ responseBudget: 2 }));
    for (let n = 0; n < 10; n += 1) {
      const target = `handle_fp:${String(n).padStart(32, '0')}`;
      const made = aCandidate({ rule: 'D03', responses: [planned('revoke_handle', target)] });
      expect((await store.raise([made], by)).ordered).toBe(1);
      for (const order of await orders.claim(5, 60_000))
        await orders.settle(order, 'nothing_to_do');
    }
  });
}

/** Each of them another workload. */
const anyone = (): Partial<Candidate> => ({ subjectId: randomId('sub') });

const planned = (
  action: PlannedResponse['action'],
  target = `handle:${randomId('hdl')}`,
  seconds?: number,
): PlannedResponse => ({ action, target, seconds });
