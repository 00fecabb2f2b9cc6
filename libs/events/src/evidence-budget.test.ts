import { DependencyUnavailable } from '#kernel';
import { FixedClock } from '#testing';
import { EvidenceBudget } from './evidence-budget.js';

const BUDGET = 1_000;
const GRACE_SECONDS = 900;

describe('EvidenceBudget', () => {
  let clock: FixedClock;
  let budget: EvidenceBudget;
  const begin = (strictGraceSeconds = GRACE_SECONDS): void => {
    clock = new FixedClock();
    budget = new EvidenceBudget({ clock, outboxBytesMax: BUDGET, strictGraceSeconds });
  };
  /** Time goes by, measured every second. */
  const pass = (seconds: number, bytes: number): void => {
    for (let second = 0; second < seconds; second += 1) {
      clock.advance(1);
      budget.measured(bytes);
    }
  };
  const exchange = (): void => budget.requireRoomForExchange();
  const call = (): void => budget.requireRoomForCall();

  beforeEach(() => begin());

  describe('at the edge of the budget', () => {
    it.each([0, BUDGET - 1, BUDGET])('permits exchanges and calls with %i bytes', (bytes) => {
      budget.measured(bytes);
      expect(exchange).not.toThrow();
      expect(call).not.toThrow();
      expect(budget.trouble).toBeUndefined();
    });

    it('refuses exchanges with one byte more, and goes on with calls', () => {
      budget.measured(BUDGET + 1);
      expect(exchange).toThrow(DependencyUnavailable);
      expect(call).not.toThrow();
      expect(budget.state).toBe('closing');
      expect(budget.trouble).toBe(
        'evidence cannot be kept: 1001 bytes of events wait in the outbox, of 1000; exchanges are refused',
      );
    });
  });

  describe('over the budget', () => {
    it('goes on with calls until the last second of the grace, and refuses them from its end on', () => {
      budget.measured(BUDGET + 1);
      pass(GRACE_SECONDS - 1, BUDGET + 1);
      expect(call).not.toThrow();
      pass(1, BUDGET + 1);
      expect(call).toThrow('evidence cannot be kept: 1001 bytes');
      expect(budget.trouble).toContain('exchanges and calls are refused');
    });

    it('refuses calls at once where there is no grace', () => {
      begin(0);
      budget.measured(BUDGET + 1);
      expect(call).toThrow(DependencyUnavailable);
    });

    it('goes on refusing until a tenth of the budget is free', () => {
      budget.measured(BUDGET + 1);
      budget.measured(BUDGET * 0.9 + 1);
      expect(exchange).toThrow(DependencyUnavailable);
      budget.measured(BUDGET * 0.9);
      expect(exchange).not.toThrow();
    });

    it('does not begin the grace anew when the backlog swings about the budget', () => {
      for (let minute = 0; minute < 15; minute += 1) {
        pass(30, BUDGET + 1);
        pass(30, BUDGET - 1);
      }
      pass(1, BUDGET + 1);
      expect(call).toThrow(DependencyUnavailable);
    });

    it('gives the whole grace again once it was under the budget', () => {
      pass(GRACE_SECONDS, BUDGET + 1);
      budget.measured(0);
      pass(GRACE_SECONDS, BUDGET + 1);
      expect(call).not.toThrow();
    });
  });

  describe('when nobody knows how much waits', () => {
    it('refuses exchanges before the first measure', () => {
      expect(exchange).toThrow('the outbox has not been measured yet');
      expect(call).not.toThrow();
    });

    it('counts the last answer for half a minute, then refuses exchanges', () => {
      budget.measured(0);
      clock.advance(29.999);
      expect(exchange).not.toThrow();
      clock.advance(0.001);
      expect(exchange).toThrow('the outbox could not be measured for 30 s');
    });

    it('refuses calls when the grace is over as well', () => {
      budget.measured(0);
      clock.advance(30 + GRACE_SECONDS - 1);
      expect(call).not.toThrow();
      clock.advance(1);
      expect(call).toThrow(DependencyUnavailable);
    });

    it('permits both again with the next measure', () => {
      budget.measured(0);
      clock.advance(3_600);
      budget.measured(BUDGET);
      expect(exchange).not.toThrow();
      expect(call).not.toThrow();
    });

    it('counts the time in which nobody knew towards the grace of what is found then', () => {
      budget.measured(0);
      clock.advance(30 + GRACE_SECONDS);
      budget.measured(BUDGET + 1);
      expect(call).toThrow(DependencyUnavailable);
    });
  });

  it('tells how much of the budget is used', () => {
    budget.measured(250);
    expect(budget.used).toBe(0.25);
  });
});
