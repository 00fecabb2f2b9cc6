import { secondsAfter } from '#kernel';
import {
  aCandidate,
  aDeniedCall,
  aPermittedExchange,
  aRevokedHandle,
  DETECTION_AT,
  DetectionRig,
  settingsWith,
  testZones,
} from '#testing';
import { type Candidate } from './candidate.js';
import { type RuleId } from './rule.js';
import { type EvaluationSpan, RuleEvaluator } from './rule-evaluator.js';
import { type RuleSettings } from './rule-settings.js';
import { StreamRound } from './stream-round.js';
import { DETECTION_OPEN_SECONDS_MAX, UpkeepOfDetections } from './upkeep-of-detections.js';

const at = (seconds: number): Date => secondsAfter(DETECTION_AT, seconds);

/** Notes what it is asked for, and finds what it was told to. */
class NotingEvaluator extends RuleEvaluator {
  readonly rules = ['D07', 'D22'] as const;
  readonly asked: [RuleId, number, number][] = [];
  finds: readonly Candidate[] = [];
  fails = false;
  /** Failing alone. */
  failing: RuleId | undefined;

  override async evaluate(
    rule: RuleId,
    _: RuleSettings,
    { from, until }: EvaluationSpan,
  ): Promise<readonly Candidate[]> {
    const second = (time: Date): number => (time.getTime() - DETECTION_AT.getTime()) / 1000;
    this.asked.push([rule, second(from), second(until)]);
    if (this.fails || rule === this.failing) throw new Error('away');
    return this.finds;
  }
}

describe('a round of the rules that look at windows', () => {
  const begin = (settings = settingsWith('D22', {})) => {
    const rig = new DetectionRig(settings);
    const evaluator = new NotingEvaluator();
    const { history, store, events, clock } = rig;
    const round = new StreamRound({ evaluator, history, store, settings, events, clock });
    const seen = async (second: number): Promise<void> => {
      await rig.log.append([aPermittedExchange({}, { at: at(second) })], testZones);
    };
    return { rig, evaluator, round, seen };
  };

  it('closes windows 30 s behind the newest event, and goes on where it stopped', async () => {
    const { round, evaluator, seen, rig } = begin();
    rig.clock.set(at(10_000));
    await seen(5000);
    await round.look();
    await seen(5010);
    await round.look();
    await round.look(); // Nothing new has come: no window was closed.
    expect(evaluator.asked).toEqual([
      ['D07', 1370, 4970],
      ['D07', 4970, 4980],
    ]);
  });

  it('looks at all that waited in an outage, however long that was', async () => {
    const { round, evaluator, seen, rig } = begin();
    rig.clock.set(at(100_000));
    await seen(5000);
    await round.look();
    await seen(80_000);
    await round.look();
    expect(evaluator.asked.at(-1)).toEqual(['D07', 4970, 79_970]);
  });

  it('looks again at what came late, for an hour', async () => {
    const { round, evaluator, seen, rig } = begin();
    rig.clock.set(at(10_000));
    await seen(5000);
    await round.look();
    await round.lookAgain();
    expect(evaluator.asked.at(-1)).toEqual(['D07', 1370, 4970]);
  });

  it('raises what the rules find, once', async () => {
    const { round, evaluator, seen, rig } = begin();
    rig.clock.set(at(10_000));
    evaluator.finds = [aCandidate({ rule: 'D07', responses: [] })];
    await seen(5000);
    expect((await round.look()).raised).toHaveLength(1);
    expect((await round.lookAgain()).raised).toEqual([]);
  });

  it('computes no rule that is off, and one that is on for a resource', async () => {
    const { round, evaluator, seen, rig } = begin(
      settingsWith('D22', { resources: { ledger: 'monitor' } }),
    );
    rig.clock.set(at(10_000));
    await seen(5000);
    await round.look();
    expect(evaluator.asked.map(([rule]) => rule)).toEqual(['D07', 'D22']);
  });

  it('tells which rule failed, and looks at its windows again', async () => {
    const { round, evaluator, seen, rig } = begin();
    rig.clock.set(at(10_000));
    await seen(5000);
    evaluator.fails = true;
    expect((await round.look()).failed).toMatchObject([{ rule: 'D07' }]);
    evaluator.fails = false;
    await seen(5010);
    expect((await round.look()).failed).toEqual([]);
    expect(evaluator.asked.at(-1)).toEqual(['D07', 1370, 4980]);
  });

  it('makes no span longer by a rule that fails but its own', async () => {
    const { round, evaluator, seen, rig } = begin(settingsWith('D22', { mode: 'monitor' }));
    rig.clock.set(at(10_000));
    evaluator.failing = 'D07';
    for (const second of [5000, 5010, 5020]) {
      await seen(second);
      expect((await round.look()).failed).toMatchObject([{ rule: 'D07' }]);
    }
    expect(evaluator.asked.slice(-2)).toEqual([
      ['D07', 1370, 4990],
      ['D22', 4980, 4990],
    ]);
  });

  it('leaves windows that cannot be computed for an hour, and looks at those after them', async () => {
    const { round, evaluator, seen, rig } = begin();
    const turn = async (second: number): Promise<unknown> => {
      rig.clock.set(at(second));
      await seen(second);
      await round.look();
      return evaluator.asked.at(-1);
    };
    evaluator.fails = true;
    expect(await turn(10_000)).toEqual(['D07', 6370, 9970]);
    expect(await turn(13_599)).toEqual(['D07', 6370, 13_569]);
    expect(await turn(13_600)).toEqual(['D07', 6370, 13_570]);
    expect(await turn(13_610)).toEqual(['D07', 13_570, 13_580]);
    evaluator.fails = false;
    expect(await turn(13_620)).toEqual(['D07', 13_570, 13_590]);
  });

  it('raises what other rules found when what one found cannot be written', async () => {
    const { round, evaluator, seen, rig } = begin(settingsWith('D22', { mode: 'monitor' }));
    rig.clock.set(at(10_000));
    await seen(5000);
    evaluator.finds = [aCandidate({ rule: 'D22', responses: [] })];
    const { store } = rig;
    const raise = store.raise.bind(store);
    let turns = 0;
    store.raise = (...asked) => {
      turns += 1;
      return turns === 2 ? Promise.reject(new Error('value too long')) : raise(...asked);
    };
    const { raised, failed } = await round.look();
    expect([raised.length, failed.map(({ rule }) => rule)]).toEqual([1, ['D07']]);
  });

  it.each([
    [60, 0],
    [60.001, 1],
  ])('tells a gap in the evidence that has been open for %d s: %d', async (seconds, count) => {
    const { round, rig } = begin();
    const of = (sequence: number, place = {}) =>
      aDeniedCall({ handle_id: 'hdl_1', reason: 'suspended' }, { sequence, ...place });
    await rig.log.append([of(1), of(3)], testZones);
    await rig.log.append(
      [1, 3].map((n) => of(n, { deployment: 'postern-eu' })),
      testZones,
    );
    rig.clock.advance(seconds);
    const { raised } = await round.look();
    expect(raised).toHaveLength(count);
    for (const detection of raised) {
      expect(detection).toMatchObject({ rule: 'D23', severity: 'critical', observed: 1 });
      expect(detection.entity.id).toBe('postern-prod/prod/hdl_1');
    }
  });

  /** With evidence that lies on its topics and is not read yet. */
  const beginBehind = () => {
    const rig = new DetectionRig();
    const { history, store, settings, events, clock } = rig;
    let isCaughtUp = false;
    const evaluator = new NotingEvaluator();
    const round = new StreamRound({
      ...{ evaluator, history, store, settings, events, clock },
      isCaughtUp: () => isCaughtUp,
    });
    return { round, evaluator, rig, catchUp: (): void => void (isCaughtUp = true) };
  };

  it('takes no event for missing that may lie on a topic that is not read yet, however long that takes', async () => {
    const { round, rig, catchUp } = beginBehind();
    const { clock, log } = rig;
    await log.append(
      ['hdl_1', 'hdl_2'].flatMap((handle_id) =>
        [1, 3].map((sequence) => aDeniedCall({ handle_id, reason: 'suspended' }, { sequence })),
      ),
      testZones,
    );
    clock.advance(3 * 3_600);
    expect((await round.look()).raised).toEqual([]);
    const late = aDeniedCall({ handle_id: 'hdl_1', reason: 'suspended' }, { sequence: 2 });
    await log.append([late], testZones);
    catchUp();
    const { raised } = await round.look();
    expect(raised.map(({ entity }) => entity.id)).toEqual(['postern-prod/prod/hdl_2']);
  });

  it('closes windows by the topic that is furthest behind, until all was read that lay there', async () => {
    const { round, evaluator, rig, catchUp } = beginBehind();
    const { clock, log } = rig;
    const looked = async (): Promise<unknown> => {
      evaluator.asked.length = 0;
      await round.look();
      return evaluator.asked[0]?.slice(1);
    };
    clock.set(at(90_000));
    await log.append([aPermittedExchange({}, { at: at(50_000) })], testZones);
    expect(await looked()).toBeUndefined();
    await log.append(
      [aDeniedCall({}, { at: at(10_000) }), aRevokedHandle('hdl_1', {}, { at: at(40_000) })],
      testZones,
    );
    expect(await looked()).toEqual([10_000 - 30 - 3_600, 10_000 - 30]);
    await log.append([aDeniedCall({}, { at: at(20_000) })], testZones);
    expect(await looked()).toEqual([10_000 - 30, 20_000 - 30]);
    catchUp();
    expect(await looked()).toEqual([20_000 - 30, 50_000 - 30]);
  });
});

describe('the upkeep of detections', () => {
  it('closes what has not changed for thirty days, and nothing younger', async () => {
    const { store, settings, events, clock, journal } = new DetectionRig();
    const raise = async (candidate: Candidate): Promise<string> =>
      (await store.raise([candidate], { settings, events, now: clock.now() })).raised[0]!.id;
    const old = await Promise.all(Array.from({ length: 230 }, () => raise(aCandidate())));
    clock.advance(1);
    const young = await raise(aCandidate());
    clock.set(secondsAfter(DETECTION_AT, DETECTION_OPEN_SECONDS_MAX));
    const upkeep = new UpkeepOfDetections({ store, clock, events });
    expect(await upkeep.closeOld()).toBe(0);
    clock.advance(1);
    expect(await upkeep.closeOld()).toBe(old.length);
    expect(await upkeep.closeOld()).toBe(0);
    expect((await store.find(young))!.closed).toBeUndefined();
    expect((await store.find(old[0]!))!.closed).toMatchObject({
      resolution: 'timed_out',
      by: undefined,
    });
    expect(journal.of('dev.postern.detection.closed.v1')).toHaveLength(old.length);
  });
});
