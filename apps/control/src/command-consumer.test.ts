import { CommandFeed, type SubscriptionHandle, type SubscriptionProgress, TOPICS } from '#events';
import { createLogger, HealthRegistry, Metrics } from '#platform';
import { SignalsUnderTest } from '#testing';
import { COMMAND_GROUP, CommandConsumer } from './command-consumer.js';

type Reading = Parameters<CommandFeed['subscribe']>[0];

/** Gives what the test puts in, and moves as the test says. */
class HandFed extends CommandFeed {
  reading!: Reading;
  stopped = false;
  progress: SubscriptionProgress = { idleMs: 0, caughtUp: true, blocked: [] };

  override async subscribe(reading: Reading): Promise<SubscriptionHandle> {
    this.reading = reading;
    const progress = (): SubscriptionProgress => this.progress;
    return {
      get progress() {
        return progress();
      },
      stop: async () => void (this.stopped = true),
    };
  }

  override async close(): Promise<void> {
    return Promise.resolve();
  }
}

const place = { topic: TOPICS.command, partition: 3, offset: '1' } as const;

let under: SignalsUnderTest;
let feed: HandFed;
let health: HealthRegistry;
let metrics: Metrics;
let lines: string[];
let consumer: CommandConsumer;
beforeEach(async () => {
  under = await SignalsUnderTest.create();
  [feed, health, metrics, lines] = [new HandFed(), new HealthRegistry(), new Metrics(), []];
  const log = createLogger({ name: 'x', level: 'info', write: (line) => lines.push(line) });
  const { fromKafka: receiver, clock } = under;
  consumer = new CommandConsumer({ feed, receiver, clock, health, metrics, log });
  await consumer.start();
  health.enter('serving');
});
afterEach(() => consumer.stop());

const reasons = async (): Promise<(string | undefined)[]> =>
  (await health.readiness()).checks.map(({ reason }) => reason);

describe('the consumer of commands', () => {
  it('carries out what it is given, as one of its group from the earliest on', async () => {
    await under.issue('hdl_1', { familyId: 'fam_1' });
    const compactJws = await under.command('revoke', { scope: 'family', id: 'fam_1' });
    await feed.reading.handle({ place, key: 'family:fam_1', compactJws });
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
    expect(feed.reading).toMatchObject({ group: COMMAND_GROUP, from: 'earliest' });
    expect(await reasons()).toEqual([undefined]);
  });

  it('ends though what it summed up cannot be recorded, and says so', async () => {
    const forged = { place, key: undefined, compactJws: 'forged' };
    await feed.reading.handle(forged);
    await feed.reading.handle(forged);
    under.journal.setReachable(false);
    await consumer.stop();
    expect(feed.stopped).toBe(true);
    expect(lines.join('')).toContain('commands were not read to a clean end');
  });

  it('passes what is forged', async () => {
    await feed.reading.handle({ place, key: undefined, compactJws: 'forged' });
    expect(under.journal.of('dev.postern.command.rejected.v1')).toHaveLength(1);
  });

  it('has a command wait that cannot be carried out now, and goes on with it later', async () => {
    await under.issue('hdl_1', { familyId: 'fam_1' });
    const compactJws = await under.command('revoke', { scope: 'family', id: 'fam_1' });
    const command = { place, key: 'family:fam_1', compactJws };
    under.records.setReachable(false);
    const error = (await feed.reading.handle(command).catch((reason: unknown) => reason)) as Error;
    const record = { key: null, value: null, headers: {} };
    const rejected = { place, record, writtenAt: '', error };
    expect(await feed.reading.onRejected?.(rejected)).toBe('blocked');
    under.records.setReachable(true);
    await feed.reading.handle(command);
    expect(under.idsWith('revoked')).toEqual(['hdl_1']);
    expect(lines.join('')).toContain('a command waits');
  });

  it('is not ready, and alive, while a partition stands still', async () => {
    feed.progress = { ...feed.progress, blocked: [{ place, reason: 'handles is not available' }] };
    expect(await reasons()).toEqual([
      'postern.command.v1/3 stands still at 1: handles is not available',
    ]);
    expect(await health.standstills()).toEqual([]);
    expect(await metrics.text()).toContain('postern_commands_blocked 1');
  });

  it('is neither ready nor alive when it hears nothing for more than a minute', async () => {
    feed.progress = { ...feed.progress, idleMs: 60_001 };
    expect(await reasons()).toEqual(['commands: no progress for 60 s']);
    expect(await health.standstills()).toHaveLength(1);
    feed.progress = { ...feed.progress, idleMs: 60_000 };
    expect(await health.standstills()).toEqual([]);
  });

  it('is not alive when its subscription has ended by itself', async () => {
    feed.reading.onFailure(new Error('the group is gone'));
    expect(await health.standstills()).toMatchObject([{ reason: 'the group is gone' }]);
  });

  it('records what was refused before it ends', async () => {
    for (const offset of ['1', '2', '3']) {
      await feed.reading.handle({ place: { ...place, offset }, key: undefined, compactJws: 'x' });
    }
    await consumer.stop();
    expect(feed.stopped).toBe(true);
    expect(under.journal.of('dev.postern.command.rejected.v1')).toMatchObject([{}, { count: 2 }]);
  });
});
