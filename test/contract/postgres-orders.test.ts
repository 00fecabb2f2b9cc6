import { randomUUID } from 'node:crypto';
import { orderStores, PostgresDatabase, PostgresHandleStore } from '#adapters/postgres';
import { type HandleChangeOutcome } from '#handles';
import { DependencyUnavailable } from '#kernel';
import { aReceipt } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import { until } from '../support/until.js';
import {
  anIssue,
  aStoredHandle,
  clock,
  issuedEvent,
  minutesFromNow,
  revokedEvent,
} from './handle-records.js';
import { MAJORS } from './postgres-majors.js';

const SUSPENDED = `handle where status = 'suspended'`;
const LOCKED = `pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
const ISSUE_LOCK = 'select pg_advisory_xact_lock(1886352244, 500)';
const WAITING = `select 1 from pg_locks where locktype = 'advisory' and not granted
  and classid = 1886352244 and objid = 500 and database = (select oid from pg_database where datname = current_database())`;

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('orders', `postgres-${major}`, () => {
    let server: TestDatabase;
    const opened: PostgresDatabase[] = [];
    const connect = async (
      role: 'postern_sts' | 'postern_control',
      applicationName: string = role,
    ): Promise<PostgresDatabase> => {
      const url = await server.urlAs(role);
      const database = await PostgresDatabase.connect({ url, applicationName });
      opened.push(database);
      return database;
    };
    let sts: PostgresHandleStore;
    let control: PostgresHandleStore;

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      sts = new PostgresHandleStore(await connect('postern_sts'));
      control = new PostgresHandleStore(await connect('postern_control'));
    });
    beforeEach(() =>
      server.empty(
        'handle',
        'subject_token_use',
        'suspension',
        'revocation_state',
        'order_receipt',
        'outbox',
        'event_sequence',
      ),
    );
    afterAll(async () => {
      await Promise.all(opened.map((database) => database.close()));
      await server.drop();
    });

    const count = async (text: string): Promise<number> => {
      const [row] = await server.database.query<{ total: number }>(
        `select count(*)::integer as total from ${text}`,
      );
      return row!.total;
    };
    const waits = (): Promise<void> =>
      until('somebody waits', async () => (await server.database.query(WAITING)).length > 0);
    const named = { scope: 'resource', id: 'ordered' } as const;
    const ofSubject = { scope: 'subject', id: 'sub_1' } as const;
    const order = (selector: typeof named | typeof ofSubject) => ({
      selector,
      at: clock.now(),
      eventOf: revokedEvent,
    });
    const who = { reason: 'a test', initiator: 'admin', initiatorId: undefined } as const;

    it('finds a handle that is being issued when it revokes', async () => {
      const handle = aStoredHandle();
      const { released, release } = await holdSequence(handle.id);
      const issue = { ...anIssue(handle), events: [issuedEvent(handle)] };
      const issued = sts.issue(issue);
      await until('the issue is under way', async () => (await count(LOCKED)) > 0);
      const revoked = control.revoke(order(ofSubject));
      await waits();
      release();
      expect(await issued).toBe('issued');
      expect((await revoked).map(({ id }) => id)).toEqual([handle.id]);
      await released;
    });

    /** Keeps whoever writes an event with this key waiting. */
    const holdSequence = async (
      key: string,
    ): Promise<{ released: Promise<unknown>; release: () => void }> => {
      let release = (): void => undefined;
      const held = new Promise<void>((resolve) => (release = resolve));
      let ready = (): void => undefined;
      const isHeld = new Promise<void>((resolve) => (ready = resolve));
      const back = new Error('taken back');
      const released = server.database
        .transaction(async (connection) => {
          await connection.query('insert into event_sequence values ($1, 1)', [key]);
          ready();
          await held;
          throw back;
        })
        .catch((error: unknown) => {
          if (error !== back) throw error;
        });
      await isHeld;
      return { released, release };
    };

    it('does not issue what is suspended while the issue waits, though its statement began before', async () => {
      const issuing: Promise<string>[] = [];
      await server.database.transaction(async (connection) => {
        await connection.query(ISSUE_LOCK);
        issuing.push(sts.issue(anIssue()));
        await waits();
        await connection.query(
          `insert into suspension (target, bound, issuers, scope, id, reason, initiator, since)
           values ('subject:sub_1', '', '{}', 'subject', 'sub_1', 'a test', 'admin', now())`,
        );
      });
      expect(await Promise.all(issuing)).toEqual(['suspended']);
      expect([await count('handle'), await count('subject_token_use')]).toEqual([0, 0]);
    });

    it('issues those of a batch that nothing suspends, and tells the others apart from spent ones', async () => {
      await control.suspend({ ...order(named), ...who });
      const spent = anIssue();
      await sts.issue(spent);
      const outcomes = await Promise.all([
        sts.issue(anIssue(aStoredHandle({ resource: 'ordered' }))),
        sts.issue(anIssue()),
        sts.issue(anIssue(aStoredHandle(), spent.use)),
      ]);
      expect(outcomes).toEqual(['suspended', 'issued', 'spent']);
    });

    it('carries an order out once, each handle and its receipt, when its sessions are cut again and again', async () => {
      const total = 2_100;
      const handles = Array.from({ length: total }, () => aStoredHandle({ resource: 'ordered' }));
      await Promise.all(handles.map((handle) => sts.issue(anIssue(handle))));
      const applicationName = `cut-${randomUUID()}`;
      const store = new PostgresHandleStore(await connect('postern_control', applicationName));
      const receipt = { ...aReceipt('cut-order'), expiresAt: minutesFromNow(60) };
      const attempt = (): Promise<HandleChangeOutcome | 'cut'> =>
        store
          .change({ action: 'suspend', ...order(named), ...who, receipt })
          .catch((error: unknown) => {
            if (error instanceof DependencyUnavailable) return 'cut';
            throw error;
          });
      const cut = (): Promise<unknown> =>
        server.database.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
          [applicationName],
        );
      const outcomes: (HandleChangeOutcome | 'cut')[] = [];
      for (let round = 0; round < 12; round += 1) {
        const running = attempt();
        // Each time at another point of the work: after so many handles are suspended for good.
        const wanted = Math.min(round, 2) * 1_000;
        await until('some are suspended', async () => (await count(SUSPENDED)) >= wanted);
        await cut();
        outcomes.push(await running);
      }
      // What is left in the pool may have been cut while nobody used it.
      await until('an attempt is left alone', async () => {
        outcomes.push(await attempt());
        return outcomes.at(-1) !== 'cut';
      });
      expect(outcomes).toContain('cut');
      expect(outcomes.at(-1)).not.toBe('cut');
      expect(await count(SUSPENDED)).toBe(total);
      expect(await count(`outbox where type like '%handle.revoked%'`)).toBe(total);
      expect(await count(`outbox where aggregateid = 'cut-order'`)).toBe(1);
      expect(await orderStores(opened[1]!).receipts.find(receipt.key)).toBe('here');
    });
  });
});
