import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { TOPICS } from '#events';
import {
  createTopics,
  describeWithServer,
  type TestDatabase,
  TestKafka,
  testPostgres,
} from '#test-support';
import { makePosternFolder, type PosternFolder } from '../support/postern-folder.js';
import { postExchange } from '../support/post-exchange.js';
import { ProcessResources } from '../support/process-resources.js';
import { startSts, type StsProcess } from '../support/sts-process.js';
import { until } from '../support/until.js';
import { ExchangeLoad } from './exchange-load.js';
import { RelayProcess } from './relay-process.js';
import { TopicReader } from './topic-reader.js';

const long = process.env['POSTERN_TEST_VOLUME'] === 'long';
/** Half of it the broker takes connections and answers nothing, half of it nobody listens there. */
const OUTAGE_MS = long ? 600_000 : 6_000;
const BASELINE_MS = long ? 60_000 : 2_000;
const CALLERS = 4;
const REST_MS = long ? 20 : 100;
/** What one of the two STS may let wait. It is reached well within the outage. */
const BUDGET_BYTES = long ? 16 * 1024 ** 2 : 128 * 1024;
/** Of the exchanges of a phase. A short one has some dozens: the 99th of a hundred would be the one that the machine held up. */
const SHARE = long ? 0.99 : 0.5;
/** Of processes that share two cores with a broker. */
const NOISE_MS = 150;
const GROWTH_BYTES_MAX = 150 * 1024 ** 2;
const DRAIN_FACTOR = 5;
/** Within which a budget that is exceeded is noticed on a busy machine. */
const FEW_SECONDS = 5;
const EVENT_BYTES = 1_500;
const DRAIN_MS = 300_000;

interface Phase {
  /** Most exchanges took no longer. */
  readonly mostMs: number;
  readonly exchanges: number;
}

/**
 * G4: while Kafka is away exchanges go on as before, evidence waits, and when it waits beyond the budget nothing more is
 * exchanged; when Kafka is back all of it arrives, much faster than it grows.
 */
describeWithServer('an outage of Kafka', 'kafka', () => {
  describeWithServer('under load', 'postgres-18', () => {
    const source = 'urn:postern:outage:';
    let kafka: TestKafka;
    let database: TestDatabase;
    let folder: PosternFolder;
    let sts: StsProcess;
    let strict: StsProcess;
    let relay: RelayProcess;
    let load: ExchangeLoad;
    let baseline: Phase;
    let silent: Phase;
    let gone: Phase;
    let growth: readonly number[];
    let unready: string;
    let drain: { readonly perSecond: number; readonly inflowPerSecond: number };
    let refusal: { readonly permittedAtBytes: number; readonly refusedAtBytes: number };

    const scalar = async (sql: string): Promise<number> => {
      const [row] = await database.database.query<{ value: string }>(`select (${sql}) as value`);
      return Number(row!.value);
    };
    const waiting = (): Promise<number> =>
      scalar('select count(*) from outbox where published_at is null');
    const waitingBytes = (): Promise<number> =>
      scalar(
        'select coalesce(sum(octet_length(payload::text)), 0) from outbox where published_at is null',
      );
    const written = (): Promise<number> => scalar('select count(*) from outbox');
    const askStrict = async (): Promise<number> =>
      (await postExchange(strict.origin, await folder.issuer.mint('settler'))).status;

    async function phase(lastsMs: number, meanwhile: () => Promise<void>): Promise<Phase> {
      load.latenciesMs = [];
      await Promise.all([pause(lastsMs), meanwhile()]);
      const sorted = [...load.latenciesMs].sort((one, other) => one - other);
      return { mostMs: sorted[Math.floor(sorted.length * SHARE)] ?? 0, exchanges: sorted.length };
    }

    /** Asks the strict STS until it refuses; then once more, for it must not waver. */
    async function untilRefused(): Promise<void> {
      let permittedAtBytes = 0;
      for (;;) {
        const before = await waitingBytes();
        if ((await askStrict()) !== 200) break;
        permittedAtBytes = before;
        await pause(20);
      }
      refusal = { permittedAtBytes, refusedAtBytes: await waitingBytes() };
    }

    async function drained(): Promise<void> {
      const [beganMs, before, atFirst] = [performance.now(), await waiting(), await written()];
      await until('the outbox is empty', async () => (await waiting()) <= CALLERS * 6, DRAIN_MS);
      const seconds = (performance.now() - beganMs) / 1_000;
      const grown = (await written()) - atFirst;
      drain = { perSecond: (before + grown) / seconds, inflowPerSecond: grown / seconds };
    }

    async function startStrict(): Promise<StsProcess> {
      const config = parse(readFileSync(folder.configFile, 'utf8')) as Record<string, unknown>;
      const configFile = join(folder.folder, 'strict-source.yaml');
      const evidence = { outboxBudget: `${BUDGET_BYTES}B` };
      writeFileSync(configFile, stringify({ ...config, evidence }));
      return startSts({ ...folder, configFile }, database);
    }

    beforeAll(async () => {
      kafka = await TestKafka.start('outage');
      await createTopics(kafka.brokers);
      database = (await testPostgres(18))!;
      const overrides = { deployment: 'outage', prober: { off: 'only the load asks' } };
      folder = await makePosternFolder({ destination: 'http://127.0.0.1:9', overrides });
      const databaseUrl = await database.urlAs('postern_relay');
      const servers = { databaseUrl, brokers: kafka.brokers };
      [sts, strict, relay] = await Promise.all([
        startSts(folder, database),
        startStrict(),
        RelayProcess.start(servers),
      ]);
      load = new ExchangeLoad(folder, () => sts.origin);
      load.start(CALLERS, REST_MS);
      await until('the load has begun', () => load.permitted.length > 20);
      await until('the relay follows', async () => (await waiting()) < 100, DRAIN_MS);
      const watched = [sts.process.pid, relay.pid].map((pid) => new ProcessResources(pid));
      baseline = await phase(BASELINE_MS, () => Promise.resolve());
      const before = watched.map(({ residentBytes }) => residentBytes);
      await kafka.freeze();
      silent = await phase(OUTAGE_MS / 2, untilRefused);
      unready = await fetch(`${relay.adminUrl}/readyz`).then((answer) => answer.text());
      await kafka.kill();
      gone = await phase(OUTAGE_MS / 2, () => Promise.resolve());
      growth = watched.map(({ peakBytes }, n) => peakBytes - before[n]!);
      await kafka.startAgain();
      await drained();
      await load.stop();
      await until('the last of it is published', async () => (await waiting()) === 0, DRAIN_MS);
      process.stderr.write(
        `kafka-outage: p${100 * SHARE} ${[baseline, silent, gone].map(({ mostMs }) => mostMs.toFixed(0)).join(', ')} ms ` +
          `(before, silent, gone), ${load.permitted.length} exchanges; drained ${drain.perSecond.toFixed(0)}/s ` +
          `of ${drain.inflowPerSecond.toFixed(0)}/s; refused at ${refusal.refusedAtBytes} of ${BUDGET_BYTES} bytes; ` +
          `grown ${growth.map((bytes) => (bytes / 1024 ** 2).toFixed(0)).join(', ')} MiB\n`,
      );
    }, 3_600_000);

    afterAll(async () => {
      await load.stop();
      await relay.end('SIGTERM');
      await Promise.all([sts.process.stop(), strict.process.stop()]);
      await kafka.stop();
      await database.drop();
    }, 120_000);

    it('does not slow exchanges down', () => {
      for (const { mostMs, exchanges } of [silent, gone]) {
        expect(exchanges).toBeGreaterThan(5);
        expect(mostMs).toBeLessThan(Math.max(baseline.mostMs * 1.1, baseline.mostMs + NOISE_MS));
      }
      expect(load.unanswered + load.unavailable).toBe(0);
    });

    it('makes the relay say that it is not ready', () => {
      expect(JSON.parse(unready)).toMatchObject({ ready: false });
    });

    it('keeps the memory of STS and relay where it was', () => {
      for (const bytes of growth) expect(bytes).toBeLessThan(GROWTH_BYTES_MAX);
    });

    it('ends with the backlog drained at several times the pace at which it grows', () => {
      expect(drain.perSecond).toBeGreaterThan(DRAIN_FACTOR * drain.inflowPerSecond);
    });

    it(
      'loses nothing',
      async () => {
        const reader = await TopicReader.start(kafka.brokers, [TOPICS.exchange, TOPICS.handle], {
          sourcePrefix: source,
        });
        const rows = await database.database.query<{ id: string }>(
          `select id from outbox where payload ->> 'source' like $1`,
          [`${source}sts%`],
        );
        const arrived = (): string[] =>
          [...new Set(reader.records.map(({ headers }) => headers['ce_id']!))].sort();
        const isRead = (): boolean =>
          reader.records.length >= rows.length && arrived().length >= rows.length;
        await until('all of it is read', isRead, DRAIN_MS);
        await reader.stop();
        expect(arrived()).toEqual(rows.map(({ id }) => id).sort());
      },
      DRAIN_MS + 30_000,
    );

    it('has exchanges refused when more waits than the budget allows, and not before', () => {
      // It is measured by counting, and by the size of the newest events.
      expect(refusal.refusedAtBytes).toBeGreaterThan(BUDGET_BYTES * 0.95);
      expect(refusal.permittedAtBytes).toBeGreaterThan(0);
      // The outbox is measured once a second.
      const fewSecondsBytes = FEW_SECONDS * drain.inflowPerSecond * EVENT_BYTES;
      expect(refusal.permittedAtBytes).toBeLessThan(BUDGET_BYTES + fewSecondsBytes);
    });

    it('has them permitted again when it is over', async () => {
      await until('the strict STS exchanges again', async () => (await askStrict()) === 200);
    }, 60_000);
  });
});
