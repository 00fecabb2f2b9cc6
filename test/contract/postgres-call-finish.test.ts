import { randomUUID } from 'node:crypto';
import { type PostgresCallLedger } from '#adapters/postgres';
import { EVENT_BYTES_MAX } from '#events';
import { type Handle } from '#handles';
import { type CallStart } from '#injection';
import { describeWithServer } from '#test-support';
import { aCall, completedEvent, minutesFromNow } from './handle-records.js';
import { LedgerFixture } from './ledger-fixture.js';
import { MAJORS } from './postgres-majors.js';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  describeWithServer('call ledger: finishing and sweeping', `postgres-${major}`, () => {
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

    describe('finishing', () => {
      const startedCall = async (handle: Handle): Promise<CallStart> => {
        const call = aCall(handle.id);
        await ledger.start(call);
        return call;
      };

      it('records the end with its event, durable after flush', async () => {
        const handle = await fixture.issued();
        const calls = Array.from({ length: 700 }, () => aCall(handle.id));
        await Promise.all(calls.slice(0, 50).map((call) => ledger.start(call)));
        for (const call of calls) {
          ledger.finish({ callId: call.callId, event: completedEvent(call) });
        }
        await ledger.flush();
        expect(await fixture.completions(handle)).toHaveLength(700);
        expect(await fixture.unfinished()).toBe(0);
      });

      it('records it soon without a flush', async () => {
        const handle = await fixture.issued();
        const call = await startedCall(handle);
        ledger.finish({ callId: call.callId, event: completedEvent(call) });
        for (
          let tries = 0;
          tries < 500 && (await fixture.completions(handle)).length === 0;
          tries += 1
        );
        expect(await fixture.completions(handle)).toEqual(['ok']);
      });

      it('records the end of a call once', async () => {
        const handle = await fixture.issued();
        const call = await startedCall(handle);
        const twin = await fixture.ledger();
        for (const each of [ledger, ledger, twin]) {
          each.finish({ callId: call.callId, event: completedEvent(call) });
        }
        await Promise.all([ledger.flush(), twin.flush()]);
        ledger.finish({ callId: call.callId, event: completedEvent(call) });
        await ledger.flush();
        expect(await fixture.completions(handle)).toEqual(['ok']);
      });

      it('tries again until it is durable when sessions are cut', async () => {
        const applicationName = `cut-${randomUUID()}`;
        const cutLedger = await fixture.ledger(applicationName);
        const handle = await fixture.issued({ maxCalls: 1_000 });
        for (let round = 0; round < 10; round += 1) {
          for (let n = 0; n < 20; n += 1) {
            const call = aCall(handle.id);
            cutLedger.finish({ callId: call.callId, event: completedEvent(call) });
          }
          await Promise.all([cutLedger.flush(), fixture.cut(applicationName)]);
        }
        expect(await fixture.completions(handle)).toHaveLength(200);
      });

      it('gives up one that cannot be written, says so, and keeps the others', async () => {
        const handle = await fixture.issued();
        const [bad, ...good] = await Promise.all(
          Array.from({ length: 5 }, () => startedCall(handle)),
        );
        const event = { ...completedEvent(bad!), subject: 'x'.repeat(EVENT_BYTES_MAX) };
        ledger.finish({ callId: bad!.callId, event });
        for (const call of good) {
          ledger.finish({ callId: call.callId, event: completedEvent(call) });
        }
        await ledger.flush();
        expect(await fixture.completions(handle)).toHaveLength(4);
        expect(fixture.problems).toEqual([
          'a call record cannot be written and is left to the sweeper',
        ]);
        expect(await fixture.unfinished()).toBe(1);
      });

      it('writes what is buffered before it closes, and takes nothing after', async () => {
        const handle = await fixture.issued();
        const call = await startedCall(handle);
        ledger.finish({ callId: call.callId, event: completedEvent(call) });
        await ledger.close();
        expect(await fixture.completions(handle)).toEqual(['ok']);
        ledger.finish({ callId: 'call_late', event: completedEvent(call) });
        expect(fixture.problems).toEqual(['a finished call is left to the sweeper']);
      });
    });

    describe('sweeping', () => {
      const unknown = (call: CallStart) => completedEvent(call, 'unknown_after_crash');

      it('ends what started before the instant and never finished, each with its event', async () => {
        const handle = await fixture.issued();
        const old = aCall(handle.id, { startedAt: minutesFromNow(-10) });
        const young = aCall(handle.id);
        for (const call of [old, young]) await ledger.start(call);
        const seen: CallStart[] = [];
        const swept = await ledger.sweep(minutesFromNow(-5), (call) => {
          seen.push(call);
          return unknown(call);
        });
        expect([swept, seen]).toEqual([1, [old]]);
        expect(await fixture.completions(handle)).toEqual(['unknown_after_crash']);
        expect(await fixture.unfinished()).toBe(1);
      });

      it('leaves a finished call alone', async () => {
        const handle = await fixture.issued();
        const call = aCall(handle.id, { startedAt: minutesFromNow(-10) });
        await ledger.start(call);
        ledger.finish({ callId: call.callId, event: completedEvent(call) });
        await ledger.flush();
        expect(await ledger.sweep(minutesFromNow(0), unknown)).toBe(0);
        expect(await fixture.completions(handle)).toEqual(['ok']);
      });

      it('ends each call once when several sweep at once', async () => {
        const handle = await fixture.issued({ maxCalls: 2_000 });
        const calls = Array.from({ length: 1_100 }, () =>
          aCall(handle.id, { startedAt: minutesFromNow(-10) }),
        );
        await Promise.all(calls.map((call) => ledger.start(call)));
        const twin = await fixture.ledger();
        const swept = await Promise.all(
          [ledger, twin].map((each) => each.sweep(minutesFromNow(-5), unknown)),
        );
        expect(swept[0]! + swept[1]!).toBe(1_100);
        expect(await fixture.completions(handle)).toHaveLength(1_100);
      });

      it('forgets finished calls after seven days, and no sooner', async () => {
        const handle = await fixture.issued();
        const [old, young] = [aCall(handle.id), aCall(handle.id)];
        for (const call of [old, young]) {
          await ledger.start(call);
          ledger.finish({ callId: call.callId, event: completedEvent(call) });
        }
        await ledger.flush();
        await fixture.server.database.query(
          `update call set finished_at = now() - interval '8 days' where call_id = $1`,
          [old.callId],
        );
        const [row] = await fixture.server.database.query<{ total: number }>(
          'select purge_finished_calls() as total',
        );
        expect(row!.total).toBe(1);
        expect(await fixture.server.database.query('select call_id from call')).toEqual([
          { call_id: young.callId },
        ]);
      });
    });
  });
});
