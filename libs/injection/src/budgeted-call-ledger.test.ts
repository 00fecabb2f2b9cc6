import { EvidenceBudget } from '#events';
import { DependencyUnavailable } from '#kernel';
import { aCallStart, FixedClock, InMemoryCallLedger } from '#testing';
import { BudgetedCallLedger } from './budgeted-call-ledger.js';
import { requireRoom } from './denials.js';

const GRACE_SECONDS = 60;

describe('BudgetedCallLedger', () => {
  let clock: FixedClock;
  let budget: EvidenceBudget;
  let memory: InMemoryCallLedger;
  let ledger: BudgetedCallLedger;
  const pass = (seconds: number, bytes: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1);
      budget.measured(bytes);
    }
  };
  const reservation = () => ({ handleId: 'hdl_a', needed: 1, wanted: 4, at: clock.now() });

  beforeEach(() => {
    clock = new FixedClock();
    budget = new EvidenceBudget({
      clock,
      outboxBytesMax: 1_000,
      strictGraceSeconds: GRACE_SECONDS,
    });
    memory = new InMemoryCallLedger();
    const expiresAt = new Date(clock.now().getTime() + 3_600_000);
    memory.put({ id: 'hdl_a', maxCalls: 100, status: 'active', expiresAt });
    ledger = new BudgetedCallLedger({ ledger: memory, budget });
    budget.measured(0);
  });

  it.each([
    ['there is room', 0, 1_000],
    ['exchanges are refused and the grace is not over', GRACE_SECONDS - 1, 1_001],
  ])('begins and reserves calls while %s', async (_, seconds, bytes) => {
    budget.measured(bytes);
    pass(seconds, bytes);
    expect(await ledger.start(aCallStart('hdl_a', { startedAt: clock.now() }))).toBe('started');
    expect(await ledger.reserve(reservation())).toBeGreaterThan(0);
    expect(ledger.hasRoom).toBe(true);
  });

  it('begins no call after the grace, counts none, and is without room', async () => {
    budget.measured(1_001);
    pass(GRACE_SECONDS, 1_001);
    await expect(ledger.start(aCallStart('hdl_a'))).rejects.toThrow(DependencyUnavailable);
    await expect(ledger.reserve(reservation())).rejects.toThrow('evidence cannot be kept');
    expect(memory.callsUsed('hdl_a')).toBe(0);
    expect(() => requireRoom(ledger)).toThrow();
  });
});
