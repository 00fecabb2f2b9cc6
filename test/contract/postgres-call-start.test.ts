import { randomUUID } from 'node:crypto';
import { type PostgresCallLedger } from '#adapters/postgres';
import { type StartOutcome } from '#injection';
import { aFirstUse } from '#testing';
import { describeWithServer } from '#test-support';
import { aCall, clock, revokedEvent } from './handle-records.js';
import { LedgerFixture } from './ledger-fixture.js';
import { MAJORS } from './postgres-majors.js';

const repeated = (...runs: [outcome: StartOutcome, times: number][]): StartOutcome[] =>
  runs.flatMap(([outcome, times]) => Array.from({ length: times }, () => outcome));

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('call ledger: starting', `postgres-${major}`, () => {
    let fixture: LedgerFixture;
    let ledger: PostgresCallLedger;

    beforeAll(async () => {
      fixture = await LedgerFixture.open(major);
    });
    beforeEach(async () => {
      await fixture.reset();
      ledger = await fixture.ledger();
    });
    afterEach(() => fixture.closeLedgers());
    afterAll(() => fixture.server.drop());

    it('counts a call and records it before it answers', async () => {
      const handle = await fixture.issued({ maxCalls: 2 });
      expect(await ledger.start(aCall(handle.id))).toBe('started');
      expect(await fixture.usedOf(handle)).toBe(1);
      expect(await fixture.unfinished()).toBe(1);
    });

    it('shares a batch exactly: the last calls go to those that came first', async () => {
      const [one, two] = [
        await fixture.issued({ maxCalls: 3 }),
        await fixture.issued({ maxCalls: 5 }),
      ];
      const outcomes = await fixture.startMany([ledger], [one, two], 16);
      const of = (place: number): StartOutcome[] => outcomes.filter((_, n) => n % 2 === place);
      expect(of(0)).toEqual(repeated(['started', 3], ['exhausted', 5]));
      expect(of(1)).toEqual(repeated(['started', 5], ['exhausted', 3]));
      expect([await fixture.usedOf(one), await fixture.usedOf(two)]).toEqual([3, 5]);
    });

    it('is exact over two instances under 600 calls at once', async () => {
      const handles = await Promise.all(
        [37, 100, 250].map((maxCalls) => fixture.issued({ maxCalls })),
      );
      const outcomes = await fixture.startMany([ledger, await fixture.ledger()], handles, 600);
      const startedOf = (place: number): number =>
        outcomes.filter((outcome, n) => n % 3 === place && outcome === 'started').length;
      expect([startedOf(0), startedOf(1), startedOf(2)]).toEqual([37, 100, 200]);
      expect(await Promise.all(handles.map((handle) => fixture.usedOf(handle)))).toEqual([
        37, 100, 200,
      ]);
      expect(await fixture.unfinished()).toBe(337);
    });

    it('counts a call once however often it is started', async () => {
      const handle = await fixture.issued({ maxCalls: 2 });
      const call = aCall(handle.id);
      const twin = await fixture.ledger();
      const outcomes = await Promise.all([ledger, ledger, twin].map((l) => l.start(call)));
      expect(outcomes).toEqual(['started', 'started', 'started']);
      expect(await ledger.start(call)).toBe('started');
      expect(await fixture.usedOf(handle)).toBe(1);
    });

    it('never starts a call after the revocation was committed, under load', async () => {
      const handle = await fixture.issued({ maxCalls: 100_000 });
      const selector = { scope: 'handle', id: handle.id } as const;
      let usedWhenRevoked = -1;
      const revoking = fixture
        .startMany([ledger, await fixture.ledger()], [handle], 50)
        .then(async () => {
          const [revoked] = await fixture.store.revoke({
            selector,
            at: clock.now(),
            eventOf: revokedEvent,
          });
          usedWhenRevoked = revoked!.callsUsed;
        });
      const load = await Promise.all([fixture.startMany([ledger], [handle], 500), revoking]);
      const after = await fixture.startMany([ledger], [handle], 20);
      expect(new Set(after)).toEqual(new Set(['not-live']));
      expect(await fixture.usedOf(handle)).toBe(usedWhenRevoked);
      expect(50 + load[0].filter((o) => o === 'started').length).toBe(usedWhenRevoked);
    });

    it('leaves count and record agreeing, and one event of the first use, when its sessions are cut', async () => {
      const applicationName = `cut-${randomUUID()}`;
      const cutLedger = await fixture.ledger(applicationName);
      const handle = await fixture.issued({ maxCalls: 100_000 });
      const outcomes: PromiseSettledResult<StartOutcome>[] = [];
      for (let round = 0; round < 20; round += 1) {
        const starts = Array.from({ length: 10 }, () =>
          cutLedger.start(aCall(handle.id, { firstUse: aFirstUse(handle.id) })),
        );
        const [settled] = await Promise.all([
          Promise.allSettled(starts),
          fixture.cut(applicationName),
        ]);
        outcomes.push(...settled);
      }
      const used = await fixture.usedOf(handle);
      expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
      expect(used).toBe(await fixture.unfinished());
      expect(used).toBeGreaterThanOrEqual(
        outcomes.filter(({ status }) => status === 'fulfilled').length,
      );
      expect(await fixture.firstUses(handle)).toHaveLength(1);
    });

    it('tells of the first use once when the call is started again, as after an answer that was lost', async () => {
      const handle = await fixture.issued();
      const call = aCall(handle.id, { firstUse: aFirstUse(handle.id) });
      const twin = await fixture.ledger();
      await Promise.all([ledger, ledger, twin].map((l) => l.start(call)));
      await ledger.start(call);
      expect(await fixture.firstUses(handle)).toEqual([call.firstUse!.id]);
    });

    it('tells of first uses in the sequence of their handles, and look-ups see that it was told', async () => {
      const handles = await Promise.all(Array.from({ length: 8 }, () => fixture.issued()));
      await Promise.all(
        handles.map(({ id }) => ledger.start(aCall(id, { firstUse: aFirstUse(id) }))),
      );
      for (const handle of handles) {
        const rows = await fixture.server.database.query<{ type: string; sequence: string }>(
          `select type, payload ->> 'sequence' as sequence from outbox where aggregateid = $1 order by seq`,
          [handle.id],
        );
        expect(rows.map(({ type, sequence }) => [type, Number(sequence)])).toEqual([
          ['dev.postern.handle.issued.v1', 1],
          ['dev.postern.handle.first_used.v1', 2],
        ]);
        expect(await fixture.store.findByDigest(handle.digest)).toMatchObject({
          firstUseTold: true,
        });
      }
    });
  });
});
