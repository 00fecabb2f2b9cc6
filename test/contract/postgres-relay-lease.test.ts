import { randomUUID } from 'node:crypto';
import { PostgresDatabase, PostgresEventJournal, PostgresOutbox } from '#adapters/postgres';
import { OutboxLeaseLost } from '#events';
import { anOutboxEvent } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { until } from '../support/until.js';
import { MAJORS } from './postgres-majors.js';

const IDLE_TIMEOUT_MS = 1_000;
const LIMIT = 100;

interface LeaseRow {
  readonly shard: number;
  readonly holder: string | null;
  readonly epoch: string;
  readonly renewed_at: Date | null;
}

/** Nothing of this process runs meanwhile: what SIGSTOP does. */
const standStill = (ms: number): void => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
};

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('shard leases', `postgres-${major}`, () => {
    let server: TestDatabase;
    let closers: (() => Promise<void>)[] = [];

    const relay = async (
      holder: string,
      idleTimeoutMs = IDLE_TIMEOUT_MS,
    ): Promise<PostgresOutbox> => {
      const database = await PostgresDatabase.connect({
        url: await server.urlAs('postern_relay'),
        applicationName: `relay-${randomUUID()}`,
        poolSize: 2,
      });
      const outbox = new PostgresOutbox(database, { holder, idleTimeoutMs });
      closers.push(async () => {
        await outbox.close();
        await database.close();
      });
      return outbox;
    };
    const rows = (): Promise<LeaseRow[]> =>
      server.database.query<LeaseRow>('select * from relay_lease order by shard');
    const append = (count: number): Promise<void> =>
      new PostgresEventJournal(server.database).append(
        Array.from({ length: count }, (_, n) => anOutboxEvent(`hdl_${n}`)),
      );

    beforeAll(async () => {
      server = (await testPostgres(major))!;
    });
    beforeEach(() => server.empty('outbox', 'event_sequence'));
    afterEach(async () => {
      for (const close of closers) await close();
      closers = [];
    });
    afterAll(() => server.drop());

    it('tell who holds a shard, with an epoch that grows with each taking', async () => {
      const before = await rows();
      const first = await relay('relay-a');
      await first.lease();
      const taken = await rows();
      expect(taken).toHaveLength(16);
      expect(new Set(taken.map(({ holder }) => holder))).toEqual(new Set(['relay-a']));
      expect(taken.map(({ epoch }) => Number(epoch))).toEqual(
        before.map(({ epoch }) => Number(epoch) + 1),
      );
      await first.lease();
      expect((await rows()).map(({ epoch }) => epoch)).toEqual(taken.map(({ epoch }) => epoch));
      await first.close();
      expect(new Set((await rows()).map(({ holder }) => holder))).toEqual(new Set([null]));
    });

    it('are kept, and renewed, by a relay that waits for something else', async () => {
      const waiting = await relay('waiting');
      await append(1);
      await waiting.lease();
      const batch = await waiting.next(LIMIT);
      const [{ renewed_at: since } = { renewed_at: null }] = await rows();
      const renewed = async (): Promise<boolean> => {
        const [row] = await rows();
        return row!.renewed_at!.getTime() - since!.getTime() > 2 * IDLE_TIMEOUT_MS;
      };
      await until('the lease was renewed for twice its time', renewed);
      expect(() => batch!.assertLeased()).not.toThrow();
      await expect(batch!.markPublished()).resolves.toBeUndefined();
    });

    it('are lost by a relay that stands still, which then sends and marks nothing', async () => {
      const stopped = await relay('stopped');
      await append(3);
      await stopped.lease();
      const batch = await stopped.next(LIMIT);
      standStill(2 * IDLE_TIMEOUT_MS);
      // The first thing that it does when it goes on, before it has heard anything from the server.
      expect(() => batch!.assertLeased()).toThrow(OutboxLeaseLost);
      const other = await relay('other', 60_000);
      expect(await other.lease()).toHaveLength(16);
      await expect(batch!.markPublished()).rejects.toThrow(OutboxLeaseLost);
      expect((await other.next(LIMIT))!.records).toEqual(batch!.records);
    });

    it('are not lost by a relay that stands still for a shorter time', async () => {
      const stopped = await relay('stopped');
      await append(1);
      await stopped.lease();
      const batch = await stopped.next(LIMIT);
      standStill(IDLE_TIMEOUT_MS / 2);
      expect(() => batch!.assertLeased()).not.toThrow();
      await expect(batch!.markPublished()).resolves.toBeUndefined();
    });

    it('fence by their epoch, also where the lock itself did not hold', async () => {
      const deceived = await relay('deceived');
      await append(1);
      await deceived.lease();
      const batch = await deceived.next(LIMIT);
      // As if a pooler had given the session with our lock to somebody else.
      await server.database.query(`update relay_lease set epoch = epoch + 1, holder = 'another'`);
      await expect(batch!.markPublished()).rejects.toThrow(OutboxLeaseLost);
      expect((await deceived.backlog()).records).toBe(1);
    });

    it('notice by themselves that another has them', async () => {
      const deceived = await relay('deceived');
      await append(1);
      await deceived.lease();
      const batch = await deceived.next(LIMIT);
      await server.database.query(`update relay_lease set epoch = epoch + 1, holder = 'another'`);
      const isLost = (): Promise<boolean> =>
        batch!.countAttempt().then(
          () => false,
          (error: unknown) => error instanceof OutboxLeaseLost,
        );
      await until('the lease was given up', isLost);
      expect(() => batch!.assertLeased()).toThrow(OutboxLeaseLost);
    });
  });
});
