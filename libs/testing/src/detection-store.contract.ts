import { type Candidate, type Detection, type RaisedSum } from '#detection';
import { EventFactory, type PosternEvent } from '#events';
import { randomId, secondsAfter } from '#kernel';
import { aCandidate, DETECTION_AT } from './detection-builders.js';
import { detectionListContract } from './detection-list.contract.js';
import { detectionResponsesContract } from './detection-responses.contract.js';
import {
  type DetectionStoreUnderTest,
  raising,
  settingsWith,
} from './detection-store-under-test.js';
import { FixedClock } from './fixed-clock.js';

const RAISED = 'dev.postern.detection.raised.v1';
const UPDATED = 'dev.postern.detection.updated.v1';
const CLOSED = 'dev.postern.detection.closed.v1';
const typesOf = (events: readonly Pick<PosternEvent, 'type'>[]): string[] =>
  events.map(({ type }) => type);

/** What every DetectionStore must do. */
export function detectionStoreContract(make: () => Promise<DetectionStoreUnderTest>): void {
  describe('as a store of detections', () => {
    let under: DetectionStoreUnderTest;

    beforeEach(async () => {
      under = await make();
    });
    afterEach(() => under.close());

    /** A detection of its own without responses. */
    const raised = async (overrides: Partial<Candidate> = {}): Promise<Detection> => {
      const sum = await under.store.raise([aCandidate({ responses: [], ...overrides })], raising());
      return sum.raised[0]!;
    };

    raisingContract(() => under);
    growingContract(() => under, raised);
    closingContract(() => under, raised);
    detectionListContract(() => under, raised);
    detectionResponsesContract(() => under);
  });
}

function raisingContract(under: () => DetectionStoreUnderTest): void {
  it('keeps a new candidate as a detection, and finds it as it was raised', async () => {
    const { store, twin, told } = under();
    const candidate = aCandidate({ responses: [] });
    const by = raising();
    const { raised, updated } = await store.raise([candidate], by);
    expect(updated).toEqual([]);
    expect(raised).toEqual([
      {
        ...candidate,
        id: expect.stringMatching(/^det_[0-9A-Za-z]{22}$/) as unknown,
        ruleRevision: 1,
        mode: 'enforce',
        raisedAt: by.now,
        updatedAt: by.now,
        closed: undefined,
      },
    ]);
    expect(await twin.find(raised[0]!.id)).toEqual(raised[0]);
    const [event, ...more] = await told(raised[0]!.id);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      type: RAISED,
      partitionkey: 'sub_1',
      data: { rule_id: 'D06', severity: 'critical', entity: candidate.entity, mode: 'enforce' },
    });
  });

  it('finds nothing under an id that no detection has', async () => {
    expect(await under().store.find(randomId('det'))).toBeUndefined();
  });

  it('takes the same candidate for the same, again, in another process and twice at once', async () => {
    const { store, twin, told } = under();
    const candidate = aCandidate();
    const sums: RaisedSum[] = [await store.raise([candidate, candidate], raising())];
    sums.push(await twin.raise([candidate], raising()), await store.raise([candidate], raising()));
    expect(sums.map(({ raised }) => raised.length)).toEqual([1, 0, 0]);
    expect(sums.map(({ updated }) => updated.length)).toEqual([0, 0, 0]);
    expect(sums.map(({ ordered }) => ordered)).toEqual([1, 0, 0]);
    expect(typesOf(await told(sums[0]!.raised[0]!.id))).toEqual([RAISED]);
  });

  it('lets exactly one of many at once raise a candidate', async () => {
    const { store, twin, orders } = under();
    const candidate = aCandidate();
    const sums = await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (n % 2 === 0 ? store : twin).raise([candidate, aCandidate({ responses: [] })], raising()),
      ),
    );
    const same = sums
      .flatMap(({ raised }) => raised)
      .filter(({ entity }) => entity.id === candidate.entity.id);
    expect(same).toHaveLength(1);
    expect(sums.flatMap(({ raised }) => raised)).toHaveLength(13);
    expect(await orders.claim(10, 60_000)).toHaveLength(1);
  });

  it.each<[string, Partial<Candidate>]>([
    ['of another rule', { rule: 'D09' }],
    ['about another entity', { entity: { type: 'handle', id: 'hdl_other' } }],
    [
      'about an entity of another kind with the same id',
      { entity: { type: 'subject', id: 'hdl_1' } },
    ],
    ['of another window', { startAt: secondsAfter(DETECTION_AT, -0.001) }],
  ])('takes a candidate %s for another', async (_, change) => {
    const candidate = aCandidate({ entity: { type: 'handle', id: 'hdl_1' }, responses: [] });
    const { raised } = await under().store.raise(
      [candidate, { ...candidate, ...change }],
      raising(),
    );
    expect(raised).toHaveLength(2);
  });

  it.each([
    ['off', { mode: 'off' }, 0, undefined],
    ['off for its resource', { resources: { ledger: 'off' } }, 0, undefined],
    ['off for another resource', { resources: { payroll: 'off' } }, 1, 'enforce'],
    ['to monitor', { mode: 'monitor' }, 1, 'monitor'],
    [
      'off, but not for its resource',
      { mode: 'off', resources: { ledger: 'monitor' } },
      1,
      'monitor',
    ],
  ] as const)('goes by the mode when its rule is set %s', async (_, set, count, mode) => {
    const { raised } = await under().store.raise([aCandidate()], raising(settingsWith('D06', set)));
    expect(raised).toHaveLength(count);
    expect(raised[0]?.mode).toBe(mode);
  });

  it('has no detection of a candidate whose events cannot be written', async () => {
    const { store } = under();
    const broken = new EventFactory({
      environment: 'x'.repeat(20_000),
      deployment: 'd',
      component: 'control',
      clock: new FixedClock(DETECTION_AT),
    });
    const candidate = aCandidate();
    await expect(store.raise([candidate], { ...raising(), events: broken })).rejects.toThrow();
    expect(await store.list({ limit: 500 })).toEqual([]);
    expect((await store.raise([candidate], raising())).raised).toHaveLength(1);
  });
}

function growingContract(
  under: () => DetectionStoreUnderTest,
  raised: (overrides?: Partial<Candidate>) => Promise<Detection>,
): void {
  it.each<[string, Partial<Candidate>, boolean]>([
    ['more severe', { severity: 'high' }, true],
    ['less severe', { severity: 'info' }, false],
    ['observed twice as much', { observed: 20 }, true],
    ['observed a little less than twice as much', { observed: 19 }, false],
    ['longer', { endAt: secondsAfter(DETECTION_AT, 90) }, false],
    ['to be answered in another way too', { responses: aCandidate().responses }, true],
  ])('is told of one that it knows and that is %s: %s', async (_, change, isUpdated) => {
    const { store, told, twin } = under();
    const known = await raised({ severity: 'medium', observed: 10 });
    const sum = await store.raise([{ ...known, ...change }], raising(undefined, 30));
    expect(sum.raised).toEqual([]);
    expect(sum.updated.map(({ id }) => id)).toEqual(isUpdated ? [known.id] : []);
    expect(typesOf(await told(known.id))).toEqual(isUpdated ? [RAISED, UPDATED] : [RAISED]);
    const now = await twin.find(known.id);
    expect(now).toMatchObject(
      isUpdated ? { ...change, updatedAt: raising(undefined, 30).now } : known,
    );
    expect(now!.raisedAt).toEqual(known.raisedAt);
  });

  it('never becomes less severe by what it grows by', async () => {
    const known = await raised({ severity: 'high', observed: 10 });
    const change = { severity: 'low', observed: 40 } as const;
    const { updated } = await under().store.raise(
      [{ ...known, ...change }],
      raising(undefined, 30),
    );
    expect(updated[0]).toMatchObject({ severity: 'high', observed: 40 });
  });

  it('has the evidence of both, each once', async () => {
    const [one, two, three] = [1, 2, 3].map((n) => `01980000-0000-7000-8000-00000000000${n}`);
    const known = await raised({ observed: 1, evidence: [one!, two!] });
    await under().store.raise([{ ...known, observed: 2, evidence: [two!, three!] }], raising());
    expect((await under().store.find(known.id))!.evidence).toEqual([one, two, three]);
  });
}

function closingContract(
  under: () => DetectionStoreUnderTest,
  raised: (overrides?: Partial<Candidate>) => Promise<Detection>,
): void {
  const closing = {
    resolution: 'false_positive',
    operatorId: 'sub_operator',
    note: 'the nightly job',
    ...raising(undefined, 60),
  } as const;

  it('closes a detection with who, why and an event, once', async () => {
    const { store, twin, told } = under();
    const { id } = await raised();
    const closed = await store.close(id, closing);
    expect(closed?.closed).toEqual({
      at: closing.now,
      resolution: 'false_positive',
      by: 'sub_operator',
      note: 'the nightly job',
    });
    expect(await twin.close(id, { ...closing, resolution: 'confirmed' })).toEqual(closed);
    expect(await twin.find(id)).toEqual(closed);
    const events = await told(id);
    expect(typesOf(events)).toEqual([RAISED, CLOSED]);
    expect(events[1]).toMatchObject({
      data: { resolution: 'false_positive', initiator_id: 'sub_operator' },
    });
  });

  it('closes one without an operator and without a note', async () => {
    const { id } = await raised();
    const by = {
      ...closing,
      resolution: 'timed_out',
      operatorId: undefined,
      note: undefined,
    } as const;
    expect((await under().store.close(id, by))?.closed).toMatchObject({
      by: undefined,
      note: undefined,
    });
  });

  it('knows of no detection with another id', async () => {
    expect(await under().store.close(randomId('det'), closing)).toBeUndefined();
  });

  it('leaves a closed detection as it is, and says nothing of more of the same', async () => {
    const { store, told } = under();
    const known = await raised({ severity: 'high' });
    const closed = await store.close(known.id, closing);
    const sum = await store.raise([{ ...known, severity: 'low', observed: 99 }], raising());
    expect([sum.raised, sum.updated]).toEqual([[], []]);
    expect(await store.find(known.id)).toEqual(closed);
    expect(typesOf(await told(known.id))).toEqual([RAISED, CLOSED]);
  });

  it.each<[string, Partial<Candidate>]>([
    ['worse', { severity: 'critical' }],
    ['wants what the closed one did not', { responses: aCandidate().responses }],
  ])('raises by itself, once, what is %s than what was closed', async (_, change) => {
    const { store, twin, orders } = under();
    const known = await raised({ severity: 'low' });
    const closed = await store.close(known.id, closing);
    const after = { ...known, responses: aCandidate().responses, ...change };
    const sums = [await store.raise([after, after], raising(undefined, 90))];
    sums.push(await twin.raise([after], raising(undefined, 91)));
    expect(sums.map((sum) => [sum.raised.length, sum.updated.length])).toEqual([
      [1, 0],
      [0, 0],
    ]);
    const [own] = sums[0]!.raised;
    expect([own!.startAt, own!.closed]).toEqual([closing.now, undefined]);
    expect(await store.find(known.id)).toEqual(closed);
    expect(await orders.claim(10, 60_000)).toHaveLength(1);

    await store.close(own!.id, { ...closing, ...raising(undefined, 92) });
    expect((await store.raise([after], raising(undefined, 93))).raised).toEqual([]);
    expect(await store.list({ limit: 10 })).toHaveLength(2);
  });
}
