import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { PostgresEventJournal, PostgresOutbox } from '#adapters/postgres';
import { decodeStructured, type RecordedEvent, TOPICS } from '#events';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { anOutboxEvent, until } from '#testing';
import { chance } from './chance.js';
import { RelayProcess } from './relay-process.js';
import { type RawRecord, TopicReader } from './topic-reader.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const KILLS = long ? 100 : 4;
const KEYS = 40;
const EVENTS_A_ROUND = 20;
const ROUND_PAUSE_MS = 50;
/** From the first look at the outbox to well into the second thousand of records. */
const LIFE_MAX_MS = 500;
const DRAIN_DEADLINE_MS = 60_000;

const schemaOf = (file: string): object =>
  JSON.parse(readFileSync(path.resolve(file), 'utf8')) as object;
const compiled = (ajv: Ajv | Ajv2020, file: string): ValidateFunction => {
  addFormats.default(ajv);
  return ajv.compile(schemaOf(file));
};
const validators = {
  cloudEvents: compiled(new Ajv({ strict: false }), 'test/support/cloudevents/cloudevents.json'),
  envelope: compiled(new Ajv2020(), 'docs/schemas/cloudevent.json'),
  revoked: compiled(new Ajv2020(), 'docs/schemas/handle.revoked/1.json'),
};

describeWithServer('the relay, killed under load', 'kafka', (brokers) => {
  describeWithServer('with its outbox', 'postgres-18', () => {
    const seed = Number(process.env['POSTERN_TEST_SEED'] ?? randomInt(2 ** 31));
    const prefix = `hdl_${randomUUID()}_`;
    let place: TestDatabase;
    let reader: TopicReader;
    let relay: RelayProcess | undefined;
    let appended: string[] = [];

    /** Writes until it is told to stop, as the STS does: many keys, several events of one key at once. */
    async function load(journal: PostgresEventJournal, going: () => boolean): Promise<string[]> {
      const ids: string[] = [];
      for (let round = 0; going(); round += 1) {
        const events = Array.from({ length: EVENTS_A_ROUND }, (_, place) =>
          anOutboxEvent(`${prefix}${(round * 7 + place * 3) % KEYS}`, `round ${round}`),
        );
        await Promise.all([journal.append(events.slice(0, 9)), journal.append(events.slice(9))]);
        ids.push(...events.map(({ id }) => id));
        await pause(ROUND_PAUSE_MS);
      }
      return ids;
    }

    const unpublished = async (): Promise<number> => {
      const [row] = await place.database.query<{ count: number }>(
        'select count(*)::integer as count from outbox where published_at is null',
      );
      return row!.count;
    };

    beforeAll(async () => {
      process.stderr.write(`relay-kill: POSTERN_TEST_SEED=${seed}\n`);
      const random = chance(seed);
      place = (await testPostgres())!;
      const servers = { databaseUrl: await place.urlAs('postern_relay'), brokers };
      reader = await TopicReader.start(brokers, TOPICS.handle, prefix);
      let going = true;
      const loading = load(new PostgresEventJournal(place.database), () => going);
      const kills = (async () => {
        for (let kill = 0; kill < KILLS; kill += 1) {
          const victim = await RelayProcess.spawn(servers);
          // Every second one dies as its first batch arrives: about where it is published and not yet marked.
          await (kill % 2 === 0 ? victim.ready() : reader.arrival());
          if (kill % 2 === 0) await pause(random() * LIFE_MAX_MS);
          await victim.end('SIGKILL');
        }
      })();
      await kills.finally(() => {
        going = false;
      });
      appended = await loading;
      const survivor = await RelayProcess.start(servers);
      relay = survivor;
      for (let waitedMs = 0; (await unpublished()) > 0; waitedMs += 100) {
        if (waitedMs > DRAIN_DEADLINE_MS) throw new Error(`not drained: ${survivor.printed}`);
        await pause(100);
      }
      await until(
        () =>
          new Set(reader.records.map(({ headers }) => headers['ce_id'])).size >= appended.length,
        'every event on Kafka',
      );
    }, 600_000);

    afterAll(async () => {
      await relay?.end('SIGTERM');
      await reader.stop();
      await place.drop();
    }, 60_000);

    const parsed = (record: RawRecord): RecordedEvent => JSON.parse(record.bytes) as RecordedEvent;

    it('lost no event, and made none up', () => {
      expect(appended.length).toBeGreaterThan(KILLS * EVENTS_A_ROUND);
      const arrived = new Set(reader.records.map((record) => parsed(record).id));
      expect([...arrived].sort()).toEqual([...appended].sort());
    });

    it('repeated events only with the same id and the same bytes', () => {
      const firstBytes = new Map<string, string>();
      for (const record of reader.records) {
        const { id } = parsed(record);
        expect(record.bytes).toBe(firstBytes.get(id) ?? record.bytes);
        firstBytes.set(id, record.bytes);
      }
      const repeats = reader.records.length - firstBytes.size;
      process.stderr.write(
        `relay-kill: ${KILLS} kills, ${firstBytes.size} events, ${repeats} repeats\n`,
      );
    });

    it('kept the sequence of each key, without gap or inversion once repeats are dropped', () => {
      const seen = new Set<string>();
      const sequences = new Map<string, number[]>();
      for (const record of reader.records) {
        const { id, sequence } = parsed(record);
        if (seen.has(id)) continue;
        seen.add(id);
        sequences.set(record.key, [...(sequences.get(record.key) ?? []), Number(sequence)]);
      }
      expect(sequences.size).toBe(KEYS);
      for (const found of sequences.values()) {
        expect(found).toEqual(Array.from({ length: found.length }, (_, place) => place + 1));
      }
    });

    it('put each key into one partition', () => {
      const partitions = new Map<string, number>();
      for (const { key, partition } of reader.records) {
        expect(partition).toBe(partitions.get(key) ?? partition);
        partitions.set(key, partition);
      }
      expect(new Set(partitions.values()).size).toBeGreaterThan(1);
    });

    it('wrote only records that are valid by CloudEvents and by the published schemas', () => {
      for (const record of reader.records) {
        const event = parsed(record);
        const errors = [
          validators.cloudEvents(event) ? undefined : validators.cloudEvents.errors,
          validators.envelope(event) ? undefined : validators.envelope.errors,
          validators.revoked(event.data) ? undefined : validators.revoked.errors,
        ].filter((error) => error !== undefined);
        expect(errors).toEqual([]);
        const { key, headers } = record;
        expect(decodeStructured({ key, value: Buffer.from(record.bytes), headers })).toEqual(event);
        expect(headers).toMatchObject({
          'content-type': 'application/cloudevents+json; charset=UTF-8',
          ce_id: event.id,
          ce_type: event.type,
          ce_sequence: event.sequence,
        });
      }
    });

    it('is ready and tells its figures while it runs', async () => {
      const readiness = await fetch(`${relay!.adminUrl}/readyz`);
      expect([readiness.status, await readiness.json()]).toMatchObject([200, { ready: true }]);
      const metrics = await fetch(`${relay!.adminUrl}/metrics`).then((answer) => answer.text());
      expect(metrics).toMatch(/^postern_relay_leased_shards 16$/m);
      expect(metrics).toMatch(/^postern_outbox_waiting_events \d+$/m);
    });

    it('ends in order when it is asked to, and lets its shards go', async () => {
      expect(await relay!.end('SIGTERM')).toBe(0);
      const outbox = new PostgresOutbox(place.database);
      expect(await outbox.lease()).toHaveLength(16);
      await outbox.close();
    }, 60_000);
  });
});
