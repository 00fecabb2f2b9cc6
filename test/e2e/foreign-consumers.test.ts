import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeStructured, EVENT_TOPICS, type RecordedEvent, TOPICS } from '#events';
import { describeWithServer } from '../support/describe-with-server.js';
import { createTopics } from '../support/kafka.js';
import { leaveEvents } from '../support/leave-events.js';
import { testPostgres, type TestDatabase } from '../support/postgres.js';
import {
  type KcatRecord,
  runAudit,
  runForwarder,
  runKcat,
  runShell,
} from '../support/stream-consumers.js';
import { TestKafka } from '../support/test-kafka.js';

const SECRET = 'the-ledger-password-1987';
const STRUCTURED = 'application/cloudevents+json; charset=UTF-8';
/** What an analyst reads; the canaries are for machines. */
const READ = EVENT_TOPICS.filter((topic) => topic !== TOPICS.canary);
/** What the traffic leaves, at least. */
const EXPECTED_TYPES = [
  'dev.postern.call.completed.v1',
  'dev.postern.call.denied.v1',
  'dev.postern.exchange.denied.v1',
  'dev.postern.exchange.permitted.v1',
  'dev.postern.handle.first_used.v1',
  'dev.postern.handle.issued.v1',
  'dev.postern.handle.revoked.v1',
];

const describeOnAll = (body: () => void): void =>
  describeWithServer('with kcat', 'kcat', () =>
    describeWithServer('with kafka-python', 'python-kafka', () =>
      describeWithServer('with a database', 'postgres-18', body),
    ),
  );

/** On a Kafka of its own: the whole stream is judged, and it is spoiled at the end. */
describeWithServer('consumers that know nothing of Postern', 'kafka', () => {
  describeOnAll(() => {
    let kafka: TestKafka;
    let database: TestDatabase;
    let revokedHandle: string;
    const state = mkdtempSync(join(tmpdir(), 'postern-audit-'));

    const kcatAll = async (): Promise<readonly KcatRecord[]> => {
      const options = ['-C', '-q', '-e', '-J', '-o', 'beginning', '-X', 'fetch.wait.max.ms=50'];
      const read = await Promise.all(
        READ.map((topic) => runKcat(['-b', kafka.brokers, '-t', topic, ...options])),
      );
      return read.flatMap(({ stdout }) =>
        stdout
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as KcatRecord),
      );
    };

    /** As another program would write it: by kcat. */
    async function produce(event: RecordedEvent, topic: string = TOPICS.handle): Promise<void> {
      const { key, value, headers } = encodeStructured(event);
      const named = Object.entries(headers).flatMap(([name, text]) => ['-H', `${name}=${text}`]);
      const where = ['-P', '-b', kafka.brokers, '-t', topic, '-k', key, ...named];
      expect(await runKcat(where, value.toString())).toMatchObject({ status: 0 });
    }

    function anIssue(changes: Record<string, unknown>, data: Record<string, unknown> = {}) {
      const golden = JSON.parse(
        readFileSync('test/golden/events/handle.issued.v1.full.json', 'utf8'),
      ) as RecordedEvent;
      return {
        ...golden,
        id: randomUUID(),
        // Among older events than the shortest retention the audit misses none.
        recordedtime: new Date().toISOString(),
        partitionkey: `hdl_${randomUUID()}`,
        sequence: '00000000000000000001',
        ...changes,
        data: { ...golden.data, ...data },
      } as RecordedEvent;
    }

    beforeAll(async () => {
      [kafka, database] = await Promise.all([
        TestKafka.start('foreign-consumers'),
        testPostgres(18).then((found) => found!),
      ]);
      await createTopics(kafka.brokers);
      revokedHandle = await leaveEvents({ brokers: kafka.brokers, database, secret: SECRET });
    }, 180_000);

    afterAll(async () => {
      await Promise.all([kafka.stop(), database.drop()]);
      rmSync(state, { recursive: true, force: true });
    }, 60_000);

    it('kcat finds the key, the content type and the repeated attributes of each record as the event says', async () => {
      const records = await kcatAll();
      const types = new Set<string>();
      for (const { key, payload, headers } of records) {
        if (payload === null) continue; // A tombstone says nothing.
        const event = JSON.parse(payload) as RecordedEvent;
        types.add(event.type);
        expect(key).toBe(event.partitionkey);
        expect(headers).toEqual([
          ...['content-type', STRUCTURED],
          ...['ce_id', event.id, 'ce_type', event.type, 'ce_source', event.source],
          ...['ce_subject', event.subject, 'ce_time', event.time],
          ...['ce_sequence', event.sequence, 'ce_env', event.env],
        ]);
      }
      expect([...types]).toEqual(expect.arrayContaining(EXPECTED_TYPES));
      expect(JSON.stringify(records)).not.toContain(SECRET);
    }, 60_000);

    it('kcat routes by headers alone, without reading the JSON', async () => {
      const options = ['-C', '-q', '-e', '-o', 'beginning', '-f', '%k|%h\\n'];
      const { stdout } = await runKcat(['-b', kafka.brokers, '-t', TOPICS.exchange, ...options]);
      const denied = stdout.split('\n').filter((line) => line.includes('exchange.denied'));
      expect(denied).toEqual([
        expect.stringMatching(
          /^\w+\|content-type=application\/cloudevents\+json; charset=UTF-8,ce_id=[0-9a-f-]{36},ce_type=dev\.postern\.exchange\.denied\.v1,ce_source=urn:postern:/,
        ),
      ]);
    }, 60_000);

    it('the Python audit finds each record valid, each number once, and no gap', async () => {
      const file = join(state, 'audit.json');
      const { status, summary } = await runAudit(kafka.brokers, ['--from-first', '--state', file]);
      expect(summary).toMatchObject({ violations: 0, gaps: {}, unknown_schemas: {}, repeats: 0 });
      expect(Object.keys(summary.types)).toEqual(expect.arrayContaining(EXPECTED_TYPES));
      expect(summary.types['dev.postern.call.completed.v1']).toBe(5);
      expect(summary.events + summary.tombstones).toBe((await kcatAll()).length);
      expect(status).toBe(0);
      const again = await runAudit(kafka.brokers, ['--from-first', '--state', file]);
      expect(again).toMatchObject({ status: 0, summary: { records: 0, keys: summary.keys } });
    }, 60_000);

    it('the TypeScript forwarder hands on each event once, and goes on where it stopped', async () => {
      const first = await runForwarder(kafka.brokers, 'siem');
      const forwarded = first.stdout
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as RecordedEvent).id);
      const all = (await kcatAll())
        .filter(({ payload }) => payload !== null)
        .map(({ payload }) => (JSON.parse(payload!) as RecordedEvent).id);
      expect(forwarded.sort()).toEqual(all.sort());
      expect(first.status).toBe(0);
      const second = await runForwarder(kafka.brokers, 'siem');
      expect([second.status, second.stdout]).toEqual([0, '']);
    }, 60_000);

    const sections = readFileSync('docs/analysts.md', 'utf8').split(/^### /m).slice(1);
    const commands = sections.flatMap((section) => {
      const question = section.slice(0, section.indexOf('\n'));
      const scripts = [...section.matchAll(/^```sh\n([^`]+)```$/gm)];
      return scripts.map(([, script = '']) => ({ question, script }));
    });

    it('the page for analysts has a command for each of its five questions', () => {
      expect(new Set(commands.map(({ question }) => question)).size).toBe(5);
    });

    it.each(commands)(
      '"$question" is answered by the command of the page',
      async ({ script }) => {
        const environment = { BROKERS: kafka.brokers, HANDLE: revokedHandle, WORKLOAD: 'settler' };
        const { status, stdout, stderr } = await runShell(script, environment);
        expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
        const lines = stdout.trim().split('\n');
        const answers = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
        for (const answer of answers) {
          expect(answer['missing'] ?? 0).toBe(0); // No key has a gap here.
          const told = Object.values(answer).filter((value) => value !== null);
          expect(told.length).toBeGreaterThan(1); // No answer is made of nothing.
        }
      },
      30_000,
    );

    describe('of a stream that goes on, both', () => {
      it('take fields and versions that they do not know, and a repeat', async () => {
        const later = anIssue({ tracestate: 'a=b' }, { field_of_a_later_version: 1 });
        await produce(later);
        await produce(later);
        const schema = 'https://postern.dev/schemas/handle.issued/2.json';
        await produce(anIssue({ dataschema: schema, type: 'dev.postern.handle.issued.v2' }));
        const { status, summary } = await runAudit(kafka.brokers, ['--from-first']);
        expect([status, summary]).toMatchObject([
          0,
          { violations: 0, repeats: 1, unknown_schemas: { [schema]: 1 }, gaps: {} },
        ]);
        const forwarder = await runForwarder(kafka.brokers, 'siem');
        expect(forwarder.status).toBe(0);
        expect(forwarder.stdout.split('\n')).toHaveLength(3); // Two lines, and what follows the last.
        expect(forwarder.stderr).toContain(
          '"repeats":1,"tombstones":0,"broken":0,"unknownSchema":1',
        );
      }, 60_000);

      it('name the place of a record that its schema refuses, and not its content', async () => {
        const broken = anIssue({}, { expires_at: 'canary-4711' });
        await produce(broken);
        const { status, summary } = await runAudit(kafka.brokers, ['--from-first']);
        const last = (await kcatAll()).find(({ key }) => key === broken.partitionkey);
        const place = { topic: TOPICS.handle, partition: last?.partition };
        expect(summary.first_violations).toEqual([
          { ...place, offset: last?.offset, at: '/data/expires_at', rule: 'type' },
        ]);
        expect(status).toBe(1);
        const forwarder = await runForwarder(kafka.brokers, 'siem');
        expect(forwarder.status).toBe(1);
        expect(forwarder.stderr).toContain(
          JSON.stringify({
            ...place,
            offset: String(last?.offset),
            problems: [{ at: '/data/expires_at', rule: 'type' }],
          }),
        );
        expect(JSON.stringify(summary) + forwarder.stderr).not.toContain('canary-4711');
      }, 60_000);

      it('take what compaction left: holes in the numbers, and tombstones', async () => {
        const before = (await runAudit(kafka.brokers, ['--from-first'])).summary;
        const event = anIssue({ sequence: '00000000000000000005' });
        const topic = TOPICS.revocationState;
        await produce(event, topic);
        const nothing = ['-P', '-Z', '-b', kafka.brokers, '-t', topic, '-K', '|'];
        await runKcat(nothing, `${event.partitionkey}|\n`);
        const { gaps, tombstones, violations } = (
          await runAudit(kafka.brokers, ['--from-first', '--patience', '0'])
        ).summary;
        expect({ gaps, tombstones, violations }).toEqual({
          gaps: {},
          tombstones: before.tombstones + 1,
          violations: before.violations,
        });
        const { stderr } = await runForwarder(kafka.brokers, 'siem');
        expect(stderr).toContain('"events":1,"repeats":0,"tombstones":1,"broken":0');
      }, 60_000);

      it('the audit alone names the numbers that are missing, and a number that was given twice', async () => {
        const key = `hdl_${randomUUID()}`;
        const numbered = (sequence: number): RecordedEvent =>
          anIssue({ partitionkey: key, sequence: String(sequence).padStart(20, '0') });
        await produce(numbered(1));
        await produce(numbered(4), TOPICS.call);
        const twice = numbered(4);
        await produce(twice, TOPICS.call);
        const { status, summary } = await runAudit(kafka.brokers, ['--patience', '0']);
        expect([status, summary.gaps]).toEqual([1, { [key]: [[2, 3]] }]);
        expect(summary.first_violations).toContainEqual(
          expect.objectContaining({ at: '/sequence', rule: 'one event only', id: twice.id }),
        );
      }, 60_000);

      it('the audit alone notices that a repeat has other bytes, and that headers say something else', async () => {
        const event = anIssue({});
        await produce(event);
        await produce({ ...event, severitytext: 'WARN' });
        const forged = anIssue({});
        const { key, value } = encodeStructured(forged);
        await runKcat(
          [
            ...['-P', '-b', kafka.brokers, '-t', TOPICS.handle, '-k', key],
            ...['-H', `content-type=${STRUCTURED}`, '-H', `ce_type=dev.postern.handle.issued.v1`],
            ...['-H', 'ce_id=another'],
          ],
          value.toString(),
        );
        const { summary } = await runAudit(kafka.brokers, ['--patience', '0']);
        const rules = summary.first_violations.map(({ rule }) => rule);
        expect(rules).toEqual(expect.arrayContaining(['repeated as it was', 'is id', 'is env']));
        expect(rules).not.toContain('is type');
      }, 60_000);
    });
  });
});
