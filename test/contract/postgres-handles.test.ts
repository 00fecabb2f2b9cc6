import { randomUUID } from 'node:crypto';
import {
  PostgresDatabase,
  PostgresHandleStore,
  PostgresSubjectTokenUses,
} from '#adapters/postgres';
import { EVENT_BYTES_MAX, EventTooLarge } from '#events';
import { type Handle, type HandleSelector } from '#handles';
import { DependencyUnavailable, sha256 } from '#kernel';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';
import {
  anIssue,
  aStoredHandle,
  aTokenUse,
  clock,
  issuedEvent,
  minutesFromNow,
  revokedEvent,
} from './handle-records.js';
import { MAJORS } from './postgres-majors.js';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('handles', `postgres-${major}`, () => {
    let server: TestDatabase;
    let store: PostgresHandleStore;
    let uses: PostgresSubjectTokenUses;
    const opened: PostgresDatabase[] = [];

    const another = async (applicationName = 'another'): Promise<PostgresHandleStore> => {
      const url = await server.urlAs('postern_sts');
      const database = await PostgresDatabase.connect({ url, applicationName });
      opened.push(database);
      return new PostgresHandleStore(database);
    };
    const count = async (text: string, values: unknown[] = []): Promise<number> => {
      const [row] = await server.database.query<{ total: number }>(
        `select count(*)::integer as total from ${text}`,
        values,
      );
      return row!.total;
    };
    const eventsOf = (handle: Handle, type = '%'): Promise<number> =>
      count('outbox where aggregateid = $1 and type like $2', [handle.id, type]);

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      store = await another();
      uses = new PostgresSubjectTokenUses(opened[0]!);
    });
    beforeEach(() => server.empty('handle', 'subject_token_use', 'outbox', 'event_sequence'));
    afterAll(async () => {
      await Promise.all(opened.map((database) => database.close()));
      await server.drop();
    });

    describe('issuing', () => {
      it.each([
        ['unbound', { binding: { kind: 'none' }, subjectTokenKeyId: undefined }],
        ['bound by DPoP', { binding: { kind: 'dpop', jkt: 'thumbprint' } }],
        ['bound by mTLS', { binding: { kind: 'mtls', x5tS256: 'thumbprint' } }],
        ['with awkward text', { subject: { issuer: `i'"\\`, subject: 'ß € {}', id: 'sub_x' } }],
      ] as const)('gives a handle back as it was issued: %s', async (_, overrides) => {
        const handle = aStoredHandle(overrides);
        expect(await store.issue(anIssue(handle))).toBe('issued');
        expect(await store.findByDigest(handle.digest)).toEqual(handle);
        expect(await store.findById(handle.id)).toEqual(handle);
      });

      it('finds nothing under a digest or an id that was never issued', async () => {
        expect(await store.findByDigest(sha256('other'))).toBeUndefined();
        expect(await store.findById('hdl_other')).toBeUndefined();
      });

      it('keeps the use, for the look-up before the next exchange', async () => {
        const use = aTokenUse();
        await store.issue(anIssue(aStoredHandle(), use));
        expect(await uses.find(use.key)).toEqual({
          uses: 1,
          environment: 'test',
          firstExchangeId: use.exchangeId,
          familyId: use.familyId,
        });
        expect(await uses.find(sha256('other'))).toBeUndefined();
      });

      it('forgets a use when its token has expired, and not before', async () => {
        const [old, young] = [
          aTokenUse({ expiresAt: minutesFromNow(1) }),
          aTokenUse({ expiresAt: minutesFromNow(9) }),
        ];
        await store.issue(anIssue(aStoredHandle(), old));
        await store.issue(anIssue(aStoredHandle(), young));
        expect(await uses.purge(minutesFromNow(5))).toBe(1);
        expect(await uses.find(old.key)).toBeUndefined();
        expect(await uses.find(young.key)).toBeDefined();
      });

      it.each([
        ['once', 1, 1],
        ['bounded: 3', 3, 3],
        ['reusable', undefined, 8],
      ])('grants a token that is to be used %s as often as that', async (_, usesMax, granted) => {
        const { key } = aTokenUse();
        const outcomes: string[] = [];
        for (let n = 0; n < 8; n += 1) {
          outcomes.push(await store.issue(anIssue(aStoredHandle(), aTokenUse({ key, usesMax }))));
        }
        expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(granted);
        expect(await count('handle')).toBe(granted);
        expect((await uses.find(key))!.uses).toBe(granted);
      });

      it('issues exactly one of 64 at once for one token, over three instances', async () => {
        const stores = [store, await another(), await another()];
        for (let round = 0; round < 5; round += 1) {
          const { key } = aTokenUse();
          const outcomes = await Promise.all(
            Array.from({ length: 64 }, (_, n) =>
              stores[n % 3]!.issue(anIssue(aStoredHandle(), aTokenUse({ key }))),
            ),
          );
          expect(outcomes.filter((outcome) => outcome === 'issued')).toHaveLength(1);
          expect(await count('handle')).toBe(round + 1);
        }
        expect(await count('outbox')).toBe(5 * 2);
      });

      it('issues what many ask for at once, each with its events, numbered without a gap', async () => {
        const stores = [store, await another()];
        const handles = Array.from({ length: 200 }, () => aStoredHandle());
        const outcomes = await Promise.all(
          handles.map((handle, n) => stores[n % 2]!.issue(anIssue(handle))),
        );
        expect(new Set(outcomes)).toEqual(new Set(['issued']));
        expect(await count('handle')).toBe(200);
        const rows = await server.database.query<{ sequence: string }>(
          `select payload ->> 'sequence' as sequence from outbox where aggregateid = 'sub_1' order by seq`,
        );
        expect(rows.map(({ sequence }) => Number(sequence))).toEqual(
          Array.from({ length: 200 }, (_, n) => n + 1),
        );
      });

      it('writes nothing at all when one event cannot be written, and the others at once still go', async () => {
        const bad = anIssue();
        const tooLarge = { ...issuedEvent(bad.handle), subject: 'x'.repeat(EVENT_BYTES_MAX) };
        const good = [anIssue(), anIssue(), anIssue()];
        const refused = store.issue({ ...bad, events: [issuedEvent(bad.handle), tooLarge] });
        const issued = Promise.all(good.map((issue) => store.issue(issue)));
        await expect(refused).rejects.toThrow(EventTooLarge);
        expect(await issued).toEqual(good.map(() => 'issued'));
        expect(await uses.find(bad.use.key)).toBeUndefined();
        expect(await store.findById(bad.handle.id)).toBeUndefined();
        expect(await eventsOf(bad.handle)).toBe(0);
      });

      it('refuses a second handle with the same digest', async () => {
        const handle = aStoredHandle();
        await store.issue(anIssue(handle));
        const twin = anIssue(aStoredHandle({ digest: handle.digest }));
        await expect(store.issue(twin)).rejects.toThrow('handle_digest_key');
        expect(await uses.find(twin.use.key)).toBeUndefined();
      });

      it('writes an event whose text PostgreSQL cannot hold, with U+FFFD in its place', async () => {
        const issue = anIssue();
        const event = { ...issuedEvent(issue.handle), subject: 'a\0b\ud800c\\u0000' };
        expect(await store.issue({ ...issue, events: [event] })).toBe('issued');
        const [row] = await server.database.query<{ subject: string }>(
          `select payload ->> 'subject' as subject from outbox`,
        );
        expect(row!.subject).toBe('a\ufffdb\ufffdc\\u0000');
      });

      it('writes use, handle and events together or not at all when sessions are cut', async () => {
        const applicationName = `cut-${randomUUID()}`;
        const cutStore = await another(applicationName);
        const outcomes: string[] = [];
        for (let round = 0; round < 20; round += 1) {
          const [issues] = await Promise.all([
            Promise.allSettled(Array.from({ length: 8 }, () => cutStore.issue(anIssue()))),
            server.database.query(
              'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1',
              [applicationName],
            ),
          ]);
          outcomes.push(...issues.map(({ status }) => status));
        }
        expect(outcomes).toContain('rejected');
        const handles = await count('handle');
        expect(handles).toBeGreaterThanOrEqual(outcomes.filter((o) => o === 'fulfilled').length);
        expect(await count('subject_token_use')).toBe(handles);
        expect(await count('outbox')).toBe(2 * handles);
      });
    });

    describe('revoking', () => {
      const revocation = (selector: HandleSelector, at = clock.now()) => ({
        selector,
        at,
        eventOf: revokedEvent,
      });

      it.each([
        ['handle', (handle: Handle) => handle.id],
        ['family', (handle: Handle) => handle.familyId],
        ['subject', (handle: Handle) => handle.subject.id],
        ['issuer', (handle: Handle) => handle.subject.issuer],
        ['grant', (handle: Handle) => handle.grant.id],
        ['resource', (handle: Handle) => handle.resource],
      ] as const)(
        'revokes by %s what it names and nothing else, with its event',
        async (scope, idOf) => {
          const mine = aStoredHandle({
            subject: { issuer: 'https://mine', subject: 's', id: 'sub_mine' },
            grant: { id: 'grant-mine', version: 1, digest: 'd'.repeat(64), setDigest: 'b' },
            resource: 'mine',
          });
          const others = aStoredHandle();
          for (const handle of [mine, others]) await store.issue(anIssue(handle));
          const revoked = await store.revoke(revocation({ scope, id: idOf(mine) }));
          expect(revoked).toEqual([{ ...mine, status: 'revoked' }]);
          expect(await store.findById(mine.id)).toEqual({ ...mine, status: 'revoked' });
          expect((await store.findById(others.id))!.status).toBe('active');
          expect(await eventsOf(mine, '%revoked%')).toBe(1);
          expect(await eventsOf(others, '%revoked%')).toBe(0);
        },
      );

      it('revokes once, and finds nothing to do the second time', async () => {
        const handle = aStoredHandle();
        await store.issue(anIssue(handle));
        const twice = await Promise.all([
          store.revoke(revocation({ scope: 'handle', id: handle.id })),
          store.revoke(revocation({ scope: 'handle', id: handle.id })),
        ]);
        expect(twice.flat()).toHaveLength(1);
        expect(await store.revoke(revocation({ scope: 'handle', id: handle.id }))).toEqual([]);
        expect(await eventsOf(handle, '%revoked%')).toBe(1);
      });

      it('leaves a handle that has expired as it is', async () => {
        const handle = aStoredHandle();
        await store.issue(anIssue(handle));
        const after = revocation({ scope: 'handle', id: handle.id }, handle.expiresAt);
        expect(await store.revoke(after)).toEqual([]);
      });

      it('revokes more handles than one transaction takes', async () => {
        const handles = Array.from({ length: 1_005 }, () => aStoredHandle({ resource: 'many' }));
        await Promise.all(handles.map((handle) => store.issue(anIssue(handle))));
        const revoked = await store.revoke(revocation({ scope: 'resource', id: 'many' }));
        expect(new Set(revoked.map(({ id }) => id)).size).toBe(1_005);
        expect(await count(`outbox where type like '%revoked%'`)).toBe(1_005);
      });

      it('revokes nothing when an event cannot be written', async () => {
        const handle = aStoredHandle();
        await store.issue(anIssue(handle));
        const tooLarge = { ...revokedEvent(handle), subject: 'x'.repeat(EVENT_BYTES_MAX) };
        const attempt = store.revoke({
          ...revocation({ scope: 'handle', id: handle.id }),
          eventOf: () => tooLarge,
        });
        await expect(attempt).rejects.toThrow(EventTooLarge);
        expect((await store.findById(handle.id))!.status).toBe('active');
      });
    });

    it('lists by what is asked, ordered by id, page by page', async () => {
      const handles = Array.from({ length: 5 }, () => aStoredHandle({ resource: 'listed' }));
      for (const handle of [...handles, aStoredHandle()]) await store.issue(anIssue(handle));
      const ids = handles.map(({ id }) => id).sort();
      const first = await store.list({ resource: 'listed', limit: 3 });
      expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 3));
      const second = await store.list({ resource: 'listed', after: ids[2]!, limit: 3 });
      expect(second.map(({ id }) => id)).toEqual(ids.slice(3));
      const [one] = handles;
      expect(await store.list({ familyId: one!.familyId, limit: 500 })).toEqual([one]);
      expect(await store.list({ subjectId: 'sub_1', limit: 500 })).toHaveLength(6);
      expect(await store.list({ status: 'revoked', limit: 500 })).toEqual([]);
    });

    it('says that the database is unavailable when it is', async () => {
      const closed = await another();
      await opened.at(-1)!.close();
      await expect(closed.findByDigest(sha256('x'))).rejects.toThrow(DependencyUnavailable);
      await expect(closed.issue(anIssue())).rejects.toThrow(DependencyUnavailable);
      await expect(closed.list({ limit: 1 })).rejects.toThrow(DependencyUnavailable);
    });
  });
});
