import { setImmediate as turn } from 'node:timers/promises';
import { CallReserve, type FirstUse, RESERVE_AGE_MS } from '#injection';
import { DependencyUnavailable } from '#kernel';
import { aFirstUse, FixedClock, InMemoryCallLedger, TEST_NOW } from '#testing';

const HANDLE = 'hdl_1';

function aReserve(maxCalls: number) {
  const clock = new FixedClock(TEST_NOW);
  const ledger = new InMemoryCallLedger();
  const expiresAt = new Date(TEST_NOW.getTime() + 300_000);
  ledger.put({ id: HANDLE, maxCalls, status: 'active', expiresAt });
  const reserves = [
    new CallReserve({ ledger, clock }),
    new CallReserve({ ledger, clock }),
  ] as const;
  return { clock, ledger, expiresAt, reserves };
}

const many = (reserve: CallReserve, calls: number) =>
  Promise.all(Array.from({ length: calls }, async () => reserve.start(HANDLE)));

describe('calls that are counted ahead', () => {
  it('are counted in memory after the first ones', async () => {
    const { reserves, ledger } = aReserve(10_000);
    await many(reserves[0], 100);
    await many(reserves[0], 1);
    expect(reserves[0].start(HANDLE)).toBe('started');
    expect(ledger.callsUsed(HANDLE)).toBeGreaterThan(101);
  });

  it('of a handle that makes one call now and then are counted one by one', async () => {
    const { reserves, ledger, clock } = aReserve(10_000);
    for (let call = 1; call <= 3; call += 1) {
      expect(await reserves[0].start(HANDLE)).toBe('started');
      await turn();
      clock.advance(60);
      await reserves[0].releaseStale();
      expect(ledger.callsUsed(HANDLE)).toBe(call);
    }
  });

  it.each([1, 7, 8, 9, 100, 1_000])(
    'are never more than the %i that the handle has, over two processes, and all of them are made',
    async (maxCalls) => {
      const { reserves, ledger, clock } = aReserve(maxCalls);
      let started = 0;
      for (let round = 0; round < 200 && started < maxCalls; round += 1) {
        const outcomes = await Promise.all(
          reserves.map((reserve) => many(reserve, 1 + (round % 5))),
        );
        started += outcomes.flat().filter((outcome) => outcome === 'started').length;
        expect(started).toBeLessThanOrEqual(ledger.callsUsed(HANDLE));
        clock.advance(1);
        for (const reserve of reserves) await reserve.releaseStale();
      }
      expect(started).toBe(maxCalls);
      expect(await reserves[0].start(HANDLE)).toBe('exhausted');
    },
  );

  it('tell of the first use when the ledger is asked, and make no event for a call in memory', async () => {
    const { reserves, ledger } = aReserve(10_000);
    const made: FirstUse[] = [];
    const firstUse = (): FirstUse => {
      const event = aFirstUse(HANDLE);
      made.push(event);
      return event;
    };
    const first = Array.from({ length: 100 }, async () => reserves[0].start(HANDLE, firstUse));
    expect(new Set(await Promise.all(first))).toEqual(new Set(['started']));
    await many(reserves[0], 1);
    const before = made.length;
    expect(reserves[0].start(HANDLE, firstUse)).toBe('started');
    await reserves[1].start(HANDLE, firstUse);
    expect(ledger.firstUses).toEqual([made[0]]);
    expect(made.length - before).toBe(1); // That of the other process, which asked its ledger.
  });

  it('are given back when nobody wants them any more', async () => {
    const { reserves, ledger, clock } = aReserve(10_000);
    await many(reserves[0], 50);
    await many(reserves[0], 50);
    clock.advance(RESERVE_AGE_MS / 1000);
    await reserves[0].releaseStale();
    expect(ledger.callsUsed(HANDLE)).toBe(100);
  });

  it('are given back at the end', async () => {
    const { reserves, ledger } = aReserve(10_000);
    await many(reserves[0], 50);
    await many(reserves[0], 1);
    await reserves[0].close();
    expect(ledger.callsUsed(HANDLE)).toBe(51);
  });

  it('do not outlive a revocation by more than their age', async () => {
    const { reserves, ledger, clock, expiresAt } = aReserve(10_000);
    await many(reserves[0], 50);
    await many(reserves[0], 1);
    ledger.put({ id: HANDLE, maxCalls: 10_000, status: 'revoked', expiresAt });
    expect(reserves[0].start(HANDLE)).toBe('started');
    clock.advance(RESERVE_AGE_MS / 1000);
    expect(await reserves[0].start(HANDLE)).toBe('not-live');
  });

  it('are refused while they cannot be counted, and go on afterwards', async () => {
    const { reserves, ledger } = aReserve(10);
    ledger.goAway();
    await expect(many(reserves[0], 3)).rejects.toThrow(DependencyUnavailable);
    ledger.goAway(false);
    expect(await many(reserves[0], 10)).toEqual(Array.from({ length: 10 }, () => 'started'));
    expect(await reserves[0].start(HANDLE)).toBe('exhausted');
  });

  it('that could not be given back are lost, and never made twice', async () => {
    const { reserves, ledger, clock } = aReserve(1_000);
    await many(reserves[0], 50);
    await many(reserves[0], 1);
    const reserved = ledger.callsUsed(HANDLE);
    clock.advance(2);
    ledger.goAway();
    await expect(reserves[0].releaseStale()).rejects.toThrow(DependencyUnavailable);
    ledger.goAway(false);
    await turn();
    await reserves[0].close();
    expect(ledger.callsUsed(HANDLE)).toBe(reserved);
  });

  it('that are granted while others are given back are kept', async () => {
    const { clock, ledger } = aReserve(10_000);
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => (answer = resolve));
    const slow = {
      reserve: ledger.reserve.bind(ledger),
      release: (unused: Parameters<typeof ledger.release>[0]) =>
        ledger.release(unused).then(() => answered),
    };
    const reserve = new CallReserve({ ledger: slow, clock });
    for (const calls of [10, 1, 10]) await many(reserve, calls);
    clock.advance(RESERVE_AGE_MS / 1000);
    const releasing = reserve.releaseStale();
    await many(reserve, 3);
    answer();
    await releasing;
    await reserve.close();
    expect(ledger.callsUsed(HANDLE)).toBe(24);
  });
});

/** A ledger whose answers come when the test says so. */
class SlowLedger extends InMemoryCallLedger {
  readonly answers: (() => void)[] = [];

  override async reserve(
    reservation: Parameters<InMemoryCallLedger['reserve']>[0],
  ): ReturnType<InMemoryCallLedger['reserve']> {
    const granted = await super.reserve(reservation);
    await new Promise<void>((resolve) => this.answers.push(resolve));
    return granted;
  }
}

describe('calls that come while others are counted', () => {
  const under = () => {
    const clock = new FixedClock(TEST_NOW);
    const ledger = new SlowLedger();
    const expiresAt = new Date(TEST_NOW.getTime() + 300_000);
    ledger.put({ id: HANDLE, maxCalls: 1_000, status: 'active', expiresAt });
    return { clock, ledger, reserve: new CallReserve({ ledger, clock }) };
  };

  it.each([
    [0.249, 1],
    [0.25, 2],
  ])('after an answer that took %d s, %i questions were asked', async (seconds, questions) => {
    const { clock, ledger, reserve } = under();
    const first = Promise.all([reserve.start(HANDLE), reserve.start(HANDLE)]);
    await turn();
    ledger.answers.pop()?.();
    await first; // The next question is for four calls.
    const early = reserve.start(HANDLE);
    await turn();
    const late = reserve.start(HANDLE);
    clock.advance(seconds);
    ledger.answers[0]?.();
    expect(await early).toBe('started');
    await turn();
    expect(ledger.answers).toHaveLength(questions); // The answer may be from before a revocation.
    ledger.answers[1]?.();
    expect(await late).toBe('started');
  });

  it('are not counted from what was counted ahead once that is forgotten', async () => {
    const { ledger, reserve } = under();
    for (let call = 0; call < 2; call += 1) {
      const started = Promise.all([reserve.start(HANDLE), reserve.start(HANDLE)]);
      await turn();
      ledger.answers.pop()?.();
      expect(await started).toEqual(['started', 'started']);
      await turn();
    }
    expect(reserve.start(HANDLE)).toBe('started');
    reserve.forget([HANDLE, 'hdl_of_nobody']);
    expect(reserve.start(HANDLE)).toBeInstanceOf(Promise);
  });
});
