import { PostgresDetectionStore, PostgresEvidenceHistory } from '#adapters/postgres';
import { DependencyUnavailable } from '#kernel';
import {
  aCandidate,
  detectionStoreContract,
  type DetectionStoreUnderTest,
  evidenceHistoryContract,
  type EvidenceUnderRules,
  raising,
  responseOrdersContract,
} from '#testing';
import { describeWithServer } from '#test-support';
import { DetectionFixture } from './detection-fixture.js';

// Nothing in it is new in one of them; the older one has its turn in the long run.
const MAJORS =
  process.env['POSTERN_TEST_VOLUME'] === 'long' ? ([18, 15] as const) : ([18] as const);

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('detections', `postgres-${major}`, () => {
    let fixture: DetectionFixture;
    let under: DetectionStoreUnderTest;
    let evidence: EvidenceUnderRules;

    beforeAll(async () => {
      fixture = await DetectionFixture.open(major);
      under = await fixture.stores();
      evidence = await fixture.evidence();
    });
    beforeEach(() => fixture.reset());
    afterAll(() => fixture.close());

    detectionStoreContract(async () => under);
    responseOrdersContract(async () => under);
    evidenceHistoryContract(async () => evidence);

    it('lets the sentinel close nothing and carry nothing out', async () => {
      const sentinel = await fixture.as('postern_sentinel', 1);
      await under.store.raise([aCandidate()], raising());
      const [detection] = await under.store.list({ limit: 1 });
      const by = { resolution: 'benign', operatorId: undefined, note: undefined } as const;
      await expect(
        new PostgresDetectionStore(sentinel).close(detection!.id, { ...by, ...raising() }),
      ).rejects.toThrow('permission denied');
      await expect(
        sentinel.query(`update response_order set settled_at = now(), result = 'done'`),
      ).rejects.toThrow('permission denied');
    });

    it('lets control raise nothing and read no evidence', async () => {
      const control = await fixture.as('postern_control', 1);
      await expect(
        new PostgresDetectionStore(control).raise([aCandidate()], raising()),
      ).rejects.toThrow('permission denied');
      await expect(new PostgresEvidenceHistory(control).exchanges(['exc_1'])).rejects.toThrow(
        'permission denied',
      );
    });

    it('says that it is not reachable', async () => {
      const closed = await fixture.as('postern_sentinel', 1);
      await closed.close();
      await expect(
        new PostgresDetectionStore(closed).raise([aCandidate()], raising()),
      ).rejects.toThrow(DependencyUnavailable);
    });
  });
});
