import { DependencyUnavailable, secondsAfter } from '#kernel';
import { StreamCandidates } from '#detection';
import { type DetectionCandidate, TOPICS } from '#events';
import {
  aCandidate,
  DETECTION_AT,
  DetectionRig,
  InMemoryCandidateFeed,
  InMemoryDeadLetters,
  InMemoryRuleEvaluator,
  settingsWith,
} from '#testing';
import { until } from '../../../test/support/until.js';
import { candidateGroup, CandidateReader } from './candidate-reader.js';

const HELD = aCandidate({ rule: 'D07', entity: { type: 'handle', id: 'hdl_1' }, responses: [] });
const told = (change: Partial<DetectionCandidate> = {}): string =>
  JSON.stringify({
    rule: 'D07',
    entity_type: 'handle',
    entity_id: 'hdl_1',
    start_at: HELD.startAt.toISOString(),
    end_at: HELD.endAt.toISOString(),
    severity: 'high',
    confidence: 'high',
    observed: 2,
    threshold: 2,
    evidence: [],
    ...change,
  });

describe('what reads candidates', () => {
  let rig: DetectionRig;
  let evaluator: InMemoryRuleEvaluator;
  let feed: InMemoryCandidateFeed;
  let deadLetters: InMemoryDeadLetters;
  let reader: CandidateReader;
  const troubles: string[] = [];
  const raised = async (): Promise<number> => (await rig.store.list({ limit: 100 })).length;

  beforeEach(() => {
    const settings = settingsWith('D07', { mode: 'enforce' });
    rig = new DetectionRig(settings);
    rig.clock.set(secondsAfter(DETECTION_AT, 300));
    evaluator = new InMemoryRuleEvaluator(['D07']);
    evaluator.finds = [HELD];
    feed = new InMemoryCandidateFeed();
    deadLetters = new InMemoryDeadLetters();
    troubles.length = 0;
    const { history, store, events, clock } = rig;
    reader = new CandidateReader({
      ...{ deployment: 'postern-prod', feed, deadLetters, clock },
      candidates: new StreamCandidates({
        ...{ evaluator, history, store, events, clock },
        settings: async () => settings,
      }),
      observer: { onTrouble: (_, reason) => troubles.push(reason) },
      onRaised: () => undefined,
      onProblem: () => undefined,
    });
    reader.start();
  });
  afterEach(() => reader.stop());

  it('makes a detection of one that the evidence bears out', async () => {
    feed.put('one', told());
    await until('it is raised', async () => (await raised()) === 1);
    expect(deadLetters.letters).toEqual([]);
  });

  it('lays aside what cannot be read, and what is not so, and goes on behind it', async () => {
    const poison = [
      ['no JSON', 'event-unreadable/not_json'],
      [Buffer.from([0xff, 0xfe]), 'event-unreadable/not_json'],
      ['[]', 'event-unreadable/wrong_data'],
      [told({ evidence: ['hdl_1'] }), 'event-unreadable/wrong_data'],
      ['x'.repeat(20_000), 'event-unreadable/too_large'],
      [told({ rule: 'D99' }), 'candidate-refused/unknown_rule'],
      [told({ entity_type: 'subject' }), 'candidate-refused/wrong_entity'],
      [told({ end_at: '2099-01-01T00:00:00Z' }), 'candidate-refused/in_future'],
      [told({ entity_id: 'hdl_victim' }), 'candidate-refused/not_borne_out'],
    ] as const;
    for (const [value] of poison) feed.put('one', value);
    feed.put('one', told());
    await until('what follows is raised', async () => (await raised()) === 1);
    expect(deadLetters.of('postern-sentinel')).toMatchObject(
      poison.map(([, errorClass]) => ({
        ...{ errorClass, attempts: 0 },
        place: { topic: TOPICS.detectionCandidates },
      })),
    );
  });

  it('passes what the stream processor took back: what was found stays found', async () => {
    feed.put('one', told());
    feed.put('one', null);
    feed.put('one', told({ rule: 'D99' }));
    await until('the last is laid aside', () => deadLetters.letters.length === 1);
    expect(await raised()).toBe(1);
  });

  it('waits while the database is away, and loses nothing', async () => {
    evaluator.failure = new DependencyUnavailable('postgresql', 'away');
    feed.put('one', told());
    await until('it waits', () => troubles.length > 0, 10_000);
    expect(reader.progress.blocked).toHaveLength(1);
    evaluator.failure = undefined;
    await until('it is raised', async () => (await raised()) === 1, 10_000);
    expect(deadLetters.letters).toEqual([]);
  }, 60_000);

  it('has a group that no deployment has for its evidence', () => {
    expect(candidateGroup('prod')).toBe('postern-sentinel-prod.candidates');
  });
});
