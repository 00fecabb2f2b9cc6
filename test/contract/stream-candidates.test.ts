import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import kafkajs, { type Producer } from 'kafkajs';
import {
  KafkaCandidateFeed,
  KafkaDeadLetters,
  KafkaDeadLetterTopic,
  type LyingLetter,
} from '#adapters/kafka';
import { PostgresDetectionStore, PostgresEvidenceHistory } from '#adapters/postgres';
import {
  type Detection,
  type DetectionStore,
  type RuleId,
  type RuleSettings,
  shippedRules,
  StreamCandidates,
  StreamRound,
} from '#detection';
import { EventFactory, TOPICS } from '#events';
import { secondsAfter } from '#kernel';
import { detectionSettings, FixedClock } from '#testing';
import { createTopics, describeWithServer } from '#test-support';
import { CandidateReader } from '../../apps/sentinel/src/candidate-reader.js';
import { until } from '../support/until.js';
import { aCall, NOON, RuleBench } from './rule-bench.js';
import { eachRuleOnce } from './streamed-evidence.js';

const PATIENCE_MS = 60_000;
const GROUP = 'postern-sentinel';
const ENFORCED: readonly RuleId[] = ['D07', 'D08', 'D10', 'D11', 'D12', 'D17', 'D21'];
const shipped = shippedRules();
const SETTINGS = detectionSettings({
  rules: {
    ...shipped,
    ...(Object.fromEntries(
      ENFORCED.map((rule) => [rule, { ...shipped[rule], mode: 'enforce' }]),
    ) as Record<RuleId, RuleSettings>),
    D23: { mode: 'off', resources: {}, thresholds: {} },
  },
});
/** Long after all of it: what the evidence does not show by now it never will. */
const clock = new FixedClock(secondsAfter(NOON, 3_000));
const events = new EventFactory({
  ...{ clock, environment: 'prod', deployment: 'postern-prod', component: 'sentinel' },
});

/** As the sink of deploy/streaming writes it. */
type Written = Readonly<Record<string, unknown>>;

const keyOf = ({ rule, entity_type, entity_id, start_at }: Written): string =>
  JSON.stringify({ rule, entity_type, entity_id, start_at });
/** Apart from ids and times of its own. */
const shown = ({ id: _, raisedAt: __, updatedAt: ___, ...detection }: Detection): string =>
  JSON.stringify(detection);
const all = async (store: DetectionStore): Promise<readonly string[]> =>
  (await store.list({ limit: 500 })).map(shown).sort();

describeWithServer('candidates on Kafka', 'kafka', (brokers) => {
  describeWithServer('with the evidence of a sentinel', 'postgres-18', () => {
    const deployment = `candidates-${randomUUID().slice(0, 8)}`;
    const options = {
      brokers: brokers.split(','),
      clientId: deployment,
      onProblem: () => undefined,
    };
    let bench: RuleBench;
    /** The same evidence, where all windows are computed in rounds. */
    let twin: RuleBench;
    let store: DetectionStore;
    let twinStore: DetectionStore;
    let producer: Producer;
    let rows: readonly Written[];
    let reader: CandidateReader;
    let handled: number;
    const feed = new KafkaCandidateFeed(options);
    const deadLetters = new KafkaDeadLetters(options);

    const write = (written: readonly Written[]): Promise<unknown> =>
      producer.send({
        topic: TOPICS.detectionCandidates,
        messages: written.map((row) => ({ key: keyOf(row), value: JSON.stringify(row) })),
      });
    const letters = async (): Promise<readonly LyingLetter[]> => {
      const found: LyingLetter[] = [];
      const topic = new KafkaDeadLetterTopic(options, GROUP);
      await topic.read((letter) => found.push(letter));
      await topic.close();
      return found.filter(({ record }) => String(record.value).includes(deployment));
    };
    const orders = async ({ owner }: RuleBench): Promise<readonly object[]> =>
      owner.query('select rule, action, target from response_order order by rule, action, target');

    beforeAll(async () => {
      await createTopics(brokers);
      [bench, twin] = await Promise.all([RuleBench.open(), RuleBench.open()]);
      // The last one closes the windows of all of them.
      const evidence = [...eachRuleOnce(), aCall(700, { handle: 'hdl_4' })];
      await Promise.all([bench.append(...evidence), twin.append(...evidence)]);
      rows = await streamed(bench);
      store = new PostgresDetectionStore(bench.database);
      twinStore = new PostgresDetectionStore(twin.database);
      producer = new kafkajs.Kafka({ brokers: options.brokers }).producer({
        createPartitioner: kafkajs.Partitioners.DefaultPartitioner,
      });
      await producer.connect();
      handled = 0;
      reader = new CandidateReader({
        ...{ deployment, feed, deadLetters, clock, onProblem: () => undefined },
        candidates: new StreamCandidates({
          ...{ store, events, clock, settings: async () => SETTINGS },
          evaluator: bench.evaluator,
          history: new PostgresEvidenceHistory(bench.database),
        }),
        observer: {},
        onRaised: () => {
          handled += 1;
        },
      });
      reader.start();
    }, 180_000);
    afterAll(async () => {
      await reader.stop();
      await Promise.all([feed.close(), deadLetters.close(), producer.disconnect()]);
      await Promise.all([bench.close(), twin.close()]);
    }, 60_000);

    it('lead to the detections and the orders that computing all windows leads to', async () => {
      const round = new StreamRound({
        ...{ store: twinStore, settings: SETTINGS, events, clock },
        evaluator: twin.evaluator,
        history: new PostgresEvidenceHistory(twin.database),
      });
      const sum = await round.look();
      expect(sum.failed).toEqual([]);
      expect(rows.length).toBeGreaterThanOrEqual(sum.raised.length);
      await write(rows);
      await until('all are handled', () => handled >= rows.length, PATIENCE_MS);
      expect(await all(store)).toEqual(await all(twinStore));
      expect(await orders(bench)).toEqual(await orders(twin));
      expect((await orders(bench)).length).toBeGreaterThan(0);
      expect(new Set(sum.raised.map(({ rule }) => rule)).size).toBeGreaterThanOrEqual(8);
    }, 120_000);

    it('lead to nothing more when they come again, in another order', async () => {
      const [before, ordered, from] = [await all(store), await orders(bench), handled];
      await write([...rows].reverse());
      await write(rows);
      await until('all are handled', () => handled >= from + 2 * rows.length, PATIENCE_MS);
      expect(await all(store)).toEqual(before);
      expect(await orders(bench)).toEqual(ordered);
    }, 120_000);

    it('that the evidence does not bear out lie with the dead letters, and lead to nothing', async () => {
      const [before, ordered] = [await all(store), await orders(bench)];
      const genuine = rows.find(({ rule }) => rule === 'D07');
      const forged = [
        { ...genuine, entity_id: `hdl_${deployment}` },
        { ...genuine, rule: 'D99', subject_id: deployment },
        { ...genuine, entity_type: 'family', subject_id: deployment },
        { ...genuine, end_at: '2099-01-01T00:00:00Z', subject_id: deployment },
        { ...genuine, evidence: deployment },
      ];
      await write(forged);
      let found: readonly LyingLetter[] = [];
      await until(
        'all are laid aside',
        async () => {
          found = await letters();
          return found.length === forged.length;
        },
        PATIENCE_MS,
      );
      expect(found.map(({ errorClass }) => errorClass).sort()).toEqual([
        'candidate-refused/in_future',
        'candidate-refused/not_borne_out',
        'candidate-refused/unknown_rule',
        'candidate-refused/wrong_entity',
        'event-unreadable/wrong_data',
      ]);
      expect(found.every(({ place }) => place.topic === TOPICS.detectionCandidates)).toBe(true);
      expect(await all(store)).toEqual(before);
      expect(await orders(bench)).toEqual(ordered);
    }, 120_000);
  });
});

/** What a stream processor finds in the same evidence: the views of deploy/streaming, as PostgreSQL computes them. */
async function streamed({ owner }: RuleBench): Promise<readonly Written[]> {
  const rules = readFileSync('deploy/streaming/rules.sql', 'utf8');
  await owner.query(`
    create schema streaming;
    create view streaming.exchanges as select * from public.exchanges;
    create view streaming.uses as select * from public.uses;
    create view streaming.rotations as select * from public.rotations;
    set search_path = streaming;
    ${rules.replaceAll('create materialized view', 'create view')}
    reset search_path`);
  const rows = await owner.query<{ written: Written }>(
    'select to_jsonb(found) as written from streaming.detection_candidates as found',
  );
  return rows.map(({ written }) => written);
}
