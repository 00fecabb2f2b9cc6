import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { type RecordedEvent, TOPICS } from '#events';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { startSts, type StsProcess } from '../support/sts-process.js';
import { until } from '../support/until.js';
import { chance } from './chance.js';
import { ExchangeLoad } from './exchange-load.js';
import { RelayProcess } from './relay-process.js';
import { type RawRecord, TopicReader } from './topic-reader.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
const STS_KILLS = long ? 100 : 2;
const RELAY_KILLS = long ? 400 : 6;
/** Of a full volume there are hundreds of thousands: no statement may take them all. */
const NOTED_AT_ONCE = 5_000;
const CALLERS = 8;
const STS_LIFE_MS_MAX = 1_000;
/** Of a relay that passes no point any more, for want of events. */
const RELAY_LIFE_MS_MAX = 30_000;
/** A relay that is always killed leaves most of it: of a full volume, hundreds of thousands. */
const DRAIN_MS = long ? 900_000 : 60_000;
const POINTS = ['after_read', 'after_publish_before_mark', 'after_mark'] as const;

interface Issued {
  readonly id: string;
}

/**
 * G1 and G2: whatever is killed, and when, each committed fact is on Kafka at least once, and nothing is there that was
 * not committed; who drops repeats by their id has each fact once.
 */
describeWithServer('evidence, while STS and relay are killed under load', 'kafka', (brokers) => {
  describeWithServer('with their database', 'postgres-18', () => {
    const seed = Number(process.env['POSTERN_TEST_SEED'] ?? randomInt(2 ** 31));
    const deployment = `kill-${randomUUID().slice(0, 8)}`;
    const source = `urn:postern:${deployment}:`;
    let database: TestDatabase;
    let folder: PosternFolder;
    let processes: StsProcess[];
    let relay: RelayProcess;
    let reader: TopicReader;
    let load: ExchangeLoad;
    let faultsHit = 0;

    const startReader = (): Promise<TopicReader> =>
      TopicReader.start(brokers, [TOPICS.exchange, TOPICS.handle], { sourcePrefix: source });
    const parsed = ({ bytes }: RawRecord): RecordedEvent => JSON.parse(bytes) as RecordedEvent;
    const outboxIds = async (): Promise<string[]> => {
      const rows = await database.database.query<Issued>(
        `select id from outbox where payload ->> 'source' like $1`,
        [`${source}%`],
      );
      return rows.map(({ id }) => id).sort();
    };
    const arrivedIds = ({ records }: TopicReader): string[] =>
      [...new Set(records.map(({ headers }) => headers['ce_id']!))].sort();
    const waiting = async (): Promise<number> => {
      const [row] = await database.database.query<{ count: number }>(
        'select count(*)::integer as count from outbox where published_at is null',
      );
      return row!.count;
    };

    async function killSts(random: () => number): Promise<void> {
      for (let kill = 0; kill < STS_KILLS; kill += 1) {
        await pause(random() * STS_LIFE_MS_MAX);
        const victim = processes[kill % 2]!;
        await victim.process.kill();
        await victim.process.start();
      }
    }

    async function killRelays(random: () => number, databaseUrl: string): Promise<void> {
      for (let kill = 0; kill < RELAY_KILLS; kill += 1) {
        const dieAt = { point: POINTS[kill % 3]!, time: 1 + Math.floor(random() * 2) };
        const victim = await RelayProcess.spawn({ databaseUrl, brokers, faults: { dieAt } });
        const late = new AbortController();
        await Promise.race([
          victim.ended(),
          pause(RELAY_LIFE_MS_MAX, undefined, { signal: late.signal }).catch(() => undefined),
        ]);
        late.abort();
        if (!victim.isAlive) faultsHit += 1;
        await victim.end('SIGKILL');
      }
    }

    beforeAll(async () => {
      process.stderr.write(`evidence-survives-kills: POSTERN_TEST_SEED=${seed}\n`);
      const random = chance(seed);
      database = (await testPostgres(18))!;
      const databaseUrl = await database.urlAs('postern_relay');
      const overrides = { deployment, prober: { off: 'every denial is counted' } };
      folder = await makePosternFolder({ destination: 'http://127.0.0.1:9', overrides });
      [processes, reader] = await Promise.all([
        Promise.all([startSts(folder, database), startSts(folder, database)]),
        startReader(),
      ]);
      let turn = 0;
      load = new ExchangeLoad(folder, () => processes[(turn += 1) % 2]!.origin);
      load.start(CALLERS, long ? 40 : 60);
      await Promise.all([killSts(random), killRelays(random, databaseUrl)]);
      await load.stop();
      relay = await RelayProcess.start({ databaseUrl, brokers });
      await until('the outbox is empty', async () => (await waiting()) === 0, DRAIN_MS);
      const ids = await outboxIds();
      await until('all of it is read', () => reader.distinct >= ids.length, DRAIN_MS);
      const { permitted, replayed, unanswered } = load;
      process.stderr.write(
        `evidence-survives-kills: ${STS_KILLS} + ${RELAY_KILLS} kills (${faultsHit} at a point), ${permitted.length} permitted, ` +
          `${replayed.length} replays refused, ${unanswered} unanswered, ${ids.length} events, ` +
          `${reader.records.length - ids.length} repeats\n`,
      );
    }, 5_400_000);

    afterAll(async () => {
      await relay.end('SIGTERM');
      await reader.stop();
      await Promise.all(processes.map(({ process }) => process.stop()));
      await database.drop();
    }, 60_000);

    const dataOf = (type: string): Record<string, unknown>[] =>
      reader.records
        .map(parsed)
        .filter((event) => event.type === type)
        .map(({ data }) => data);
    const valuesOf = (type: string, name: string): Set<unknown> =>
      new Set(dataOf(type).map((data) => data[name]));

    it('has met the relay at the points between its steps', () => {
      expect(faultsHit).toBeGreaterThanOrEqual(RELAY_KILLS / 2);
    });

    it('loses no event, and makes none up', async () => {
      expect(arrivedIds(reader)).toEqual(await outboxIds());
    });

    it('has an event of each handle there is, and a handle for each event', async () => {
      const rows = await database.database.query<Issued>('select id from handle');
      const handles = new Set(rows.map(({ id }) => id));
      expect(handles.size).toBeGreaterThan(0);
      expect(valuesOf('dev.postern.handle.issued.v1', 'handle_id')).toEqual(handles);
      expect(valuesOf('dev.postern.exchange.permitted.v1', 'handle_id')).toEqual(handles);
    });

    it('has an event of each answer that was given', () => {
      const permitted = valuesOf('dev.postern.exchange.permitted.v1', 'subject_token_jti');
      const denied = valuesOf('dev.postern.exchange.denied.v1', 'subject_token_jti');
      expect(load.permitted.filter((jti) => !permitted.has(jti))).toEqual([]);
      expect(load.replayed.filter((jti) => !denied.has(jti))).toEqual([]);
      expect(load.replayed.length).toBeGreaterThan(0);
    });

    it('repeats events with the same id and the same bytes only', () => {
      const first = new Map<string, string>();
      for (const { headers, bytes } of reader.records) {
        const id = headers['ce_id']!;
        expect(bytes).toBe(first.get(id) ?? bytes);
        first.set(id, bytes);
      }
      expect(reader.records.length).toBeGreaterThan(first.size); // Kills between publishing and marking did it.
    });

    it('keeps each key in order and without a gap, once repeats are dropped', () => {
      const seen = new Set<string>();
      const last = new Map<string, number>();
      for (const record of reader.records) {
        const { id, sequence } = parsed(record);
        if (seen.has(id)) continue;
        seen.add(id);
        const key = `${record.topic} ${record.key}`;
        expect(Number(sequence)).toBe((last.get(key) ?? 0) + 1);
        last.set(key, Number(sequence));
      }
    });

    it('has each effect once where events are noted with their effect, also when all is read twice more', async () => {
      await database.database.query('create table effect (event_id uuid not null)');
      const noted = async (records: readonly RawRecord[]): Promise<void> => {
        const ids = records.map(({ headers }) => headers['ce_id']);
        for (let from = 0; from < ids.length; from += NOTED_AT_ONCE) {
          await database.database.query(
            `with fresh as (
               insert into inbox (consumer, event_id)
               select 'effects', id from unnest($1::uuid[]) as id on conflict do nothing returning event_id
             ) insert into effect select event_id from fresh`,
            [ids.slice(from, from + NOTED_AT_ONCE)],
          );
        }
      };
      await noted(reader.records);
      for (let round = 0; round < 2; round += 1) {
        const again = await startReader();
        await until(
          'all is read again',
          () => again.records.length >= reader.records.length,
          DRAIN_MS,
        );
        await noted(again.records);
        await again.stop();
      }
      const [row] = await database.database.query<{ total: number; different: number }>(
        'select count(*)::integer as total, count(distinct event_id)::integer as different from effect',
      );
      const { length } = await outboxIds();
      expect(row).toEqual({ total: length, different: length });
    }, 3_600_000);
  });
});
