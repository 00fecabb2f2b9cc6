import { PostgresDatabase, PostgresHandleExpiry, PostgresHandleStore } from '#adapters/postgres';
import { decodeStructured, encodeStructured, type RecordedEvent } from '#events';
import { type Handle } from '#handles';
import { secondsAfter, SystemClock } from '#kernel';
import { aHandle, aHandleIssue } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { MAJORS } from './postgres-majors.js';

const NOW = new SystemClock().now();
const SOURCE = 'urn:postern:contract:relay';
const DAY_SECONDS = 86_400;

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('handles that expire', `postgres-${major}`, () => {
    let server: TestDatabase;
    let database: PostgresDatabase;
    let expiry: PostgresHandleExpiry;

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      const url = await server.urlAs('postern_relay');
      database = await PostgresDatabase.connect({ url, applicationName: 'expiry', poolSize: 4 });
      expiry = new PostgresHandleExpiry({ database, source: SOURCE });
    });
    beforeEach(() => server.empty('handle', 'subject_token_use', 'outbox', 'event_sequence'));
    afterAll(async () => {
      await database.close();
      await server.drop();
    });

    /** Issued so long ago that it ended that many seconds ago. */
    const ended = async (secondsAgo: number, overrides: Partial<Handle> = {}): Promise<Handle> => {
      const expiresAt = secondsAfter(NOW, -secondsAgo);
      const handle = aHandle({ issuedAt: secondsAfter(expiresAt, -300), expiresAt, ...overrides });
      await new PostgresHandleStore(server.database).issue(aHandleIssue(handle));
      return handle;
    };
    const told = async (): Promise<RecordedEvent[]> => {
      const rows = await server.database.query<{ payload: RecordedEvent }>(
        `select payload from outbox where type = 'dev.postern.handle.expired.v1' order by seq`,
      );
      return rows.map(({ payload }) => payload);
    };
    const left = async (): Promise<string[]> => {
      const rows = await server.database.query<{ id: string }>('select id from handle');
      return rows.map(({ id }) => id);
    };

    it('leave their event, once, with what they were used for', async () => {
      const handle = await ended(5);
      await server.database.query('update handle set calls_used = 7');
      expect(await expiry.tell()).toBe(1);
      expect(await expiry.tell()).toBe(0);
      const [event, ...more] = await told();
      expect(more).toEqual([]);
      expect(event).toMatchObject({
        source: SOURCE,
        subject: `handle/${handle.id}`,
        time: handle.expiresAt.toISOString(),
        partitionkey: handle.id,
        sequence: '00000000000000000002',
        correlationid: handle.correlationId,
        env: handle.environment,
        data: {
          handle_id: handle.id,
          family_id: handle.familyId,
          expired_at: Math.floor(handle.expiresAt.getTime() / 1000),
          calls: 7,
          suspended: false,
        },
      });
    });

    it('leave an event that readers take, with an id like all others', async () => {
      await ended(5);
      await expiry.tell();
      const [event] = await told();
      expect(decodeStructured(encodeStructured(event!))).toEqual(event);
      expect(event!.id).toMatch(
        /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
      const madeAtMs = parseInt(event!.id.replaceAll('-', '').slice(0, 12), 16);
      expect(Math.abs(madeAtMs - new Date(event!.recordedtime).getTime())).toBeLessThan(5_000);
    });

    it('are not told of while they live, nor when they were revoked', async () => {
      await ended(-60);
      const revoked = await ended(5);
      await server.database.query(
        `update handle set status = 'revoked', revoked_at = now() where id = $1`,
        [revoked.id],
      );
      await expiry.tell();
      expect(await told()).toEqual([]);
    });

    it('are told of when they were suspended to their end', async () => {
      await ended(5, { status: 'suspended' });
      await expiry.tell();
      expect(await told()).toMatchObject([{ data: { suspended: true } }]);
    });

    it('are told of once when several processes do so at once', async () => {
      for (let n = 0; n < 30; n += 1) await ended(n);
      const done = await Promise.all(Array.from({ length: 4 }, () => expiry.tell()));
      expect(done.reduce((sum, count) => sum + count, 0)).toBe(30);
      const ids = (await told()).map(({ partitionkey }) => partitionkey);
      expect(new Set(ids).size).toBe(30);
      expect(ids).toHaveLength(30);
    });

    it('are forgotten after a week, and not before, nor before they were told of', async () => {
      const [, young] = [await ended(7 * DAY_SECONDS + 60), await ended(7 * DAY_SECONDS - 60)];
      expect(await expiry.purge()).toBe(0);
      await expiry.tell();
      expect(await expiry.purge()).toBe(1);
      expect(await left()).toEqual([young.id]);
    });

    it('are told of under the name of a relay only', async () => {
      await ended(5);
      const forged = new PostgresHandleExpiry({ database, source: 'urn:postern:contract:sts' });
      await expect(forged.tell()).rejects.toThrow('no source of a relay');
      expect(await told()).toEqual([]);
    });
  });
});
