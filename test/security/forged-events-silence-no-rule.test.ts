import { PostgresDetectionStore } from '#adapters/postgres';
import {
  type Candidate,
  type DetectionStore,
  type EvaluationSpan,
  RuleEvaluator,
  type RuleId,
  type RuleSettings,
  SEEN_MAX,
  StreamRound,
} from '#detection';
import { EventFactory, type RecordedEvent } from '#events';
import { secondsAfter } from '#kernel';
import {
  aCandidate,
  aDeniedCall,
  detectionSettings,
  FixedClock,
  TEST_DEPLOYMENT,
  testZones,
} from '#testing';
import { describeWithServer } from '#test-support';
import { DetectionFixture } from '../contract/detection-fixture.js';

/** Gaps are told a minute after the event behind them came: the sentinel's clock is that much ahead here. */
const LATER_SECONDS = 300;
const GUESSING = aCandidate({ rule: 'D08', entity: { type: 'source', id: '203.0.113.0/24' } });

/** Another rule of the same round. */
class OneRule extends RuleEvaluator {
  readonly rules = ['D08'] as const;

  override evaluate(_: RuleId, __: RuleSettings, ___: EvaluationSpan): Promise<Candidate[]> {
    return Promise.resolve([{ ...GUESSING, responses: [] }]);
  }
}

/**
 * Events of other deployments come through mirrored topics. Whoever can write there, or a deployment that counts wrongly,
 * must not keep the sentinel from looking at what happens here.
 */
describeWithServer('forged events in the gaps of evidence', 'postgres-18', () => {
  let fixture: DetectionFixture;
  beforeAll(async () => {
    fixture = await DetectionFixture.open(18);
  });
  beforeEach(() => fixture.reset());
  afterAll(() => fixture.close());

  const now = new Date();
  const events = new EventFactory({
    ...{ environment: 'prod', deployment: TEST_DEPLOYMENT, component: 'sentinel' as const },
    clock: new FixedClock(now),
  });
  const look = async (...evidence: readonly RecordedEvent[]): Promise<readonly string[]> => {
    const { log, history } = await fixture.evidence();
    await log.append(evidence, testZones);
    const sentinel = await fixture.as('postern_sentinel', 1);
    const store: DetectionStore = new PostgresDetectionStore(sentinel);
    const clock = new FixedClock(secondsAfter(now, LATER_SECONDS));
    const settings = detectionSettings();
    const round = new StreamRound({
      evaluator: new OneRule(),
      history,
      store,
      settings,
      events,
      clock,
    });
    const { raised } = await round.look();
    return raised.map(({ rule, entity }) => `${rule} ${entity.id}`).sort();
  };
  const placed = (handle_id: string, sequence: number, deployment = TEST_DEPLOYMENT) =>
    aDeniedCall(
      { handle_id, reason: 'suspended' },
      { sequence, deployment, at: now, partitionKey: handle_id },
    );
  const guessing = `D08 ${GUESSING.entity.id}`;
  const shardOf = (key: string): string => `D23 ${TEST_DEPLOYMENT}/prod/${key}`;

  it('find what is missing, and every rule besides', async () => {
    expect(await look(placed('hdl_1', 1), placed('hdl_1', 3))).toEqual([
      guessing,
      shardOf('hdl_1'),
    ]);
  });

  it('stop no rule by a number that is far from the others', async () => {
    const found = await look(placed('hdl_1', 1), placed('hdl_1', 9_000_000_000));
    expect(found).toEqual([guessing, shardOf('hdl_1')]);
  });

  it('stop no rule by a partition key that is long', async () => {
    const partitionKey = `peer:${'x'.repeat(900)}`;
    const place = { partitionKey, at: now };
    const found = await look(
      aDeniedCall({ reason: 'unknown' }, { ...place, sequence: 1 }),
      aDeniedCall({ reason: 'unknown' }, { ...place, sequence: 3 }),
    );
    expect(found).toEqual([guessing, shardOf(partitionKey).slice(0, 'D23 '.length + 512)]);
  });

  it('hide no gap by many of another deployment', async () => {
    const foreign = Array.from({ length: SEEN_MAX + 1 }, (_, n) => [
      placed(`hdl_${n}`, 1, 'postern-elsewhere'),
      placed(`hdl_${n}`, 3, 'postern-elsewhere'),
    ]).flat();
    const { log } = await fixture.evidence();
    await log.append(foreign, testZones);
    expect(await look(placed('hdl_own', 1), placed('hdl_own', 3))).toEqual([
      guessing,
      shardOf('hdl_own'),
    ]);
  });
});
