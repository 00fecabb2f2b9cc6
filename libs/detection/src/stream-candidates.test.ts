import { type DetectionCandidate } from '#events';
import { DependencyUnavailable, secondsAfter } from '#kernel';
import {
  aCandidate,
  aPermittedExchange,
  DETECTION_AT,
  DetectionRig,
  InMemoryRuleEvaluator,
  settingsWith,
  testZones,
} from '#testing';
import { type Candidate } from './candidate.js';
import { type CandidateRefusal, CandidateRefused } from './candidate-refused.js';
import { CANDIDATE_AGE_MAX_SECONDS, StreamCandidates } from './stream-candidates.js';

const at = (seconds: number): Date => secondsAfter(DETECTION_AT, seconds);
/** What the evidence shows. */
const HELD = aCandidate({
  rule: 'D07',
  entity: { type: 'handle', id: 'hdl_1' },
  endAt: at(2),
  severity: 'high',
  observed: 2,
  threshold: 2,
  responses: [{ action: 'suspend_handle', target: 'handle:hdl_1', seconds: undefined }],
});
/** As a stream processor tells of it. */
const told = (change: Partial<DetectionCandidate> = {}): DetectionCandidate => ({
  rule: HELD.rule,
  entity_type: HELD.entity.type,
  entity_id: HELD.entity.id,
  subject_id: null,
  resource: 'ledger',
  start_at: HELD.startAt.toISOString(),
  end_at: HELD.endAt.toISOString(),
  severity: HELD.severity,
  confidence: HELD.confidence,
  observed: HELD.observed,
  threshold: HELD.threshold,
  evidence: [...HELD.evidence],
  ...change,
});

describe('candidates of a stream processor', () => {
  const begin = (settings = settingsWith('D07', { mode: 'enforce' })) => {
    const rig = new DetectionRig(settings);
    const evaluator = new InMemoryRuleEvaluator(['D07', 'D12', 'D17']);
    const { history, store, events, clock } = rig;
    const parts = { evaluator, history, store, events, clock };
    let isCaughtUp = true;
    const candidates = new StreamCandidates({
      ...{ ...parts, settings: async () => settings },
      isCaughtUp: () => isCaughtUp,
    });
    const setCaughtUp = (is: boolean): void => void (isCaughtUp = is);
    clock.set(at(3));
    evaluator.finds = [HELD];
    const kept = async (): Promise<readonly Candidate[]> => store.list({ limit: 100 });
    const seen = (second: number): Promise<void> =>
      rig.log.append([aPermittedExchange({}, { at: at(second) })], testZones);
    return { rig, evaluator, candidates, kept, seen, clock, setCaughtUp };
  };
  const refusal = (reason: CandidateRefusal) => expect.objectContaining({ reason }) as unknown;

  it('lead to what the evidence shows, with the response that the rule has', async () => {
    const { candidates, rig } = begin();
    const { raised, ordered } = await candidates.take(told());
    expect(raised).toEqual([expect.objectContaining({ ...HELD, mode: 'enforce' })]);
    expect(ordered).toBe(1);
    expect(rig.orders.all.map(({ response }) => response)).toEqual(HELD.responses);
  });

  it('lead to one detection, however often they come', async () => {
    const { candidates, rig, kept, clock } = begin();
    await Promise.all([candidates.take(told()), candidates.take(told())]);
    clock.advance(60);
    expect(await candidates.take(told())).toMatchObject({ raised: [], updated: [], ordered: 0 });
    expect([(await kept()).length, rig.orders.all.length]).toEqual([1, 1]);
  });

  it('are not believed in what they say of severity, figures, subject, resource and evidence', async () => {
    const { candidates } = begin(settingsWith('D07', { resources: { payroll: 'enforce' } }));
    const { raised, ordered } = await candidates.take(
      told({
        severity: 'critical',
        observed: 1e9,
        threshold: 0,
        subject_id: 'sub_victim',
        resource: 'payroll',
        evidence: [],
      }),
    );
    expect(raised[0]).toMatchObject({ ...HELD, mode: 'monitor' });
    expect(ordered).toBe(0);
  });

  it('are computed as the rule is set here', async () => {
    const set = { mode: 'enforce', thresholds: { zones: 3 } } as const;
    const { candidates, evaluator } = begin(settingsWith('D07', set));
    await candidates.take(told());
    expect(evaluator.asked).toMatchObject([{ rule: 'D07', settings: set }]);
  });

  it.each<[string, Partial<DetectionCandidate>, CandidateRefusal]>([
    ['of a rule that there is not', { rule: 'D99' }, 'unknown_rule'],
    ['of a rule that only events lead to', { rule: 'D06' }, 'unknown_rule'],
    ['of a rule that nobody computes from a stream', { rule: 'D22' }, 'unknown_rule'],
    ['about what its rule is never about', { entity_type: 'family' }, 'wrong_entity'],
    ['of a window in the future', { end_at: at(34).toISOString() }, 'in_future'],
    ['that ends before it begins', { end_at: at(-1).toISOString() }, 'no_window'],
    [
      'older than any evidence',
      { start_at: at(2 - CANDIDATE_AGE_MAX_SECONDS).toISOString() },
      'too_old',
    ],
  ])('are refused at once when they are %s', async (_, change, reason) => {
    const { candidates, evaluator, kept } = begin();
    const taking = candidates.take(told(change));
    await expect(taking).rejects.toThrow(CandidateRefused);
    await expect(taking).rejects.toEqual(refusal(reason));
    expect([await kept(), evaluator.asked]).toEqual([[], []]);
  });

  it('may be as far ahead as clocks are', async () => {
    const { candidates } = begin();
    const { raised } = await candidates.take(told({ end_at: at(33).toISOString() }));
    expect(raised).toHaveLength(1);
  });

  it.each<[string, Partial<DetectionCandidate>]>([
    ['another handle', { entity_id: 'hdl_victim' }],
    ['another window', { start_at: at(-600).toISOString() }],
    ['a part of the window', { start_at: at(1).toISOString() }],
    ['another rule', { rule: 'D17' }],
  ])('that speak of %s come to nothing once the evidence has come as far', async (_, change) => {
    const { candidates, seen, kept, rig, clock } = begin();
    clock.set(at(40));
    await seen(32);
    await expect(candidates.take(told(change))).rejects.toEqual(refusal('not_borne_out'));
    expect([await kept(), rig.orders.all]).toEqual([[], []]);
  });

  it('wait for evidence that may still come, and lead to a detection when it does', async () => {
    const { candidates, evaluator, seen, clock } = begin();
    evaluator.finds = [];
    await seen(31);
    await expect(candidates.take(told())).rejects.toThrow(DependencyUnavailable);
    clock.advance(2);
    evaluator.finds = [HELD];
    expect((await candidates.take(told())).raised).toHaveLength(1);
  });

  it('wait until all was read that lay there, however long that takes', async () => {
    const { candidates, evaluator, seen, clock, setCaughtUp } = begin();
    evaluator.finds = [];
    setCaughtUp(false);
    await seen(3_000);
    clock.advance(4_000);
    await expect(candidates.take(told())).rejects.toThrow(DependencyUnavailable);
    setCaughtUp(true);
    await expect(candidates.take(told())).rejects.toEqual(refusal('not_borne_out'));
  });

  it('do not wait for ever where nothing happens any more', async () => {
    const { candidates, evaluator, clock } = begin();
    evaluator.finds = [];
    clock.set(at(61.999));
    await expect(candidates.take(told())).rejects.toThrow(DependencyUnavailable);
    clock.set(at(62));
    await expect(candidates.take(told())).rejects.toThrow(CandidateRefused);
  });

  it('repeat nothing of what was claimed', async () => {
    const { candidates, clock } = begin();
    clock.set(at(80));
    const taking = candidates.take(told({ entity_id: 'canary-77' }));
    await expect(taking).rejects.toThrow(CandidateRefused);
    await expect(taking).rejects.not.toThrow(/canary-77/);
  });

  it.each([
    ['is off', settingsWith('D07', { mode: 'off' })],
    ['is off here too', settingsWith('D07', { mode: 'off', resources: { payroll: 'off' } })],
  ])('come to nothing when their rule %s, and nobody looks', async (_, settings) => {
    const { candidates, evaluator } = begin(settings);
    expect(await candidates.take(told())).toMatchObject({ raised: [], ordered: 0 });
    expect(evaluator.asked).toEqual([]);
  });

  it('of what events lead to at once come to nothing, and are no fault', async () => {
    const { candidates, evaluator } = begin();
    expect(await candidates.take(told({ rule: 'D05' }))).toMatchObject({ raised: [] });
    expect(evaluator.asked).toEqual([]);
  });

  it('of one window are looked at once a second', async () => {
    const { candidates, evaluator, clock } = begin();
    await Promise.all([candidates.take(told()), candidates.take(told())]);
    clock.advance(0.999);
    await candidates.take(told());
    expect(evaluator.asked).toHaveLength(1);
    clock.advance(0.001);
    await candidates.take(told());
    expect(evaluator.asked).toHaveLength(2);
  });

  it('are looked at again when the look failed', async () => {
    const { candidates, evaluator } = begin();
    evaluator.failure = new DependencyUnavailable('postgresql', 'away');
    await expect(candidates.take(told())).rejects.toThrow(DependencyUnavailable);
    evaluator.failure = undefined;
    expect((await candidates.take(told())).raised).toHaveLength(1);
  });

  it('keep to the budget of their rule', async () => {
    const { candidates, evaluator, rig } = begin(
      settingsWith('D07', { mode: 'enforce' }, { responseBudget: 2 }),
    );
    const handles = ['hdl_1', 'hdl_2', 'hdl_3', 'hdl_4'];
    evaluator.finds = handles.map((id) => ({
      ...HELD,
      subjectId: `sub_of_${id}`,
      entity: { type: 'handle', id },
      responses: [{ action: 'suspend_handle', target: `handle:${id}`, seconds: undefined }],
    }));
    for (const entity_id of handles) await candidates.take(told({ entity_id }));
    expect(rig.orders.all).toHaveLength(2);
  });
});
