import { readFileSync } from 'node:fs';
import {
  type PostgresDatabase,
  PostgresDetectionStore,
  PostgresEvidenceHistory,
  PostgresEvidenceLog,
  PostgresRuleEvaluator,
} from '#adapters/postgres';
import { DetectionPipeline, StreamRound } from '#detection';
import { EventFactory } from '#events';
import { Clock } from '#kernel';
import { describeWithServer, testPostgres } from '#test-support';
import { deploymentOfEnvironment, FIRST_DAY_MS, DAY_MS } from './model.js';
import { KNOWN_ZONES, settingsOf } from './settings.js';
import { SimulatedTraffic } from './traffic.js';

const BATCH = 500;
const CORES = 2;
const ROUNDS = 5;
const VOLUME = { seed: 1_003, events: 20_000, workloads: 100, days: 2, episodes: 0 };
/** Jiffies of /proc/<pid>/stat. */
const TICKS_PER_SECOND = 100;

/** Stands at the end of the simulated days. */
class EndOfTraffic extends Clock {
  override now(): Date {
    return new Date(FIRST_DAY_MS + VOLUME.days * DAY_MS);
  }
}

/**
 * What an event costs the sentinel, from what it reads to what it raises: CPU of ours and of PostgreSQL, since other processes
 * may have the machine as well. What two cores could take of that is printed, and not asserted.
 */
describeWithServer('detection as the sentinel runs it', 'postgres-18', () => {
  it('keeps and judges what comes', async () => {
    const server = (await testPostgres(18))!;
    const parts = partsOf(server.database);
    const pipeline = new DetectionPipeline({ ...parts, zones: KNOWN_ZONES });
    const round = new StreamRound(parts);
    const events = [...new SimulatedTraffic(VOLUME).days()].flat().map(({ event }) => event);
    await parts.log.purge(new Date(FIRST_DAY_MS));
    const taken = await cpuMsOf(server.database, async () => {
      for (let from = 0; from < events.length; from += BATCH) {
        await pipeline.take(events.slice(from, from + BATCH));
      }
    });
    const looked = await cpuMsOf(server.database, async () => {
      for (let index = 0; index < ROUNDS; index += 1) await round.lookAgain();
    });
    await server.drop();
    const perEvent = taken / events.length;
    const perRound = looked / ROUNDS;
    // Of ten seconds of two cores, what a round of rules leaves.
    const most = (CORES * 10_000 - perRound) / perEvent / 10;
    process.stderr.write(
      `${events.length} events: ${(perEvent * 1_000).toFixed(0)} us of CPU an event, ${perRound.toFixed(0)} ms a round ` +
        `over the last hour; two cores of this machine take at most ${most.toFixed(0)} events/s\n`,
    );
    expect(events.length).toBeGreaterThan(VOLUME.events / 2);
  }, 900_000);
});

function partsOf(database: PostgresDatabase) {
  const clock = new EndOfTraffic();
  const settings = settingsOf('prod');
  const deployment = deploymentOfEnvironment('prod');
  return {
    log: new PostgresEvidenceLog(database),
    history: new PostgresEvidenceHistory(database),
    store: new PostgresDetectionStore(database),
    evaluator: new PostgresRuleEvaluator(database),
    ...{ settings, clock },
    events: new EventFactory({ clock, environment: 'prod', deployment, component: 'standalone' }),
  };
}

/** CPU time of this process and of the sessions in the database, in milliseconds. */
async function cpuMsOf(database: PostgresDatabase, work: () => Promise<void>): Promise<number> {
  const [own, sessions] = [process.cpuUsage(), await sessionsMs(database)];
  await work();
  const { user, system } = process.cpuUsage(own);
  return (user + system) / 1_000 + (await sessionsMs(database)) - sessions;
}

async function sessionsMs(database: PostgresDatabase): Promise<number> {
  const rows = await database.query<{ pid: number }>(
    'select pid from pg_stat_activity where datname = current_database()',
  );
  return rows.reduce((sum, { pid }) => sum + processMs(pid), 0);
}

function processMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}
