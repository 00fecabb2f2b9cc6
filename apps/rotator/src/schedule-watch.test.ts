import { type RequestOutcome, type RotationOrder, type RotationTerms } from '#rotation';
import { FixedClock, rotationTerms } from '#testing';
import { ScheduleWatch } from './schedule-watch.js';

/** Daily at noon, which it is with the clock of tests. */
const NOON: RotationTerms = rotationTerms({
  schedule: { cron: '0 12 * * *', timezone: 'UTC', windowMs: 3_600_000 },
});
const HOUR = 3_600;

describe('following schedules', () => {
  let clock: FixedClock;
  let asked: RotationOrder[];
  let outcome: RequestOutcome['kind'];
  let failure: Error | undefined;
  let problems: string[];

  const watchOver = (...terms: readonly RotationTerms[]): ScheduleWatch =>
    new ScheduleWatch({
      terms,
      clock,
      requests: {
        request: async (order) => {
          asked.push(order);
          if (failure !== undefined) throw failure;
          return { kind: outcome } as RequestOutcome;
        },
      },
      onProblem: (message) => problems.push(message),
    });

  beforeEach(() => {
    clock = new FixedClock();
    [asked, problems] = [[], []];
    [outcome, failure] = ['requested', undefined];
  });

  it('asks for each time once, as a rotation that nobody asked for', async () => {
    const watch = watchOver(NOON, rotationTerms({ resource: 'without-schedule' }));
    await watch.look();
    await watch.look();
    expect(asked).toMatchObject(
      [
        { resource: 'ledger', origin: 'generated', trigger: 'schedule', occurrence: /2026-11-20/ },
      ].map((order) => ({
        ...order,
        occurrence: expect.stringMatching(order.occurrence) as string,
      })),
    );
    clock.advance(24 * HOUR);
    await watch.look();
    expect(asked).toHaveLength(2);
    expect(asked[1]?.occurrence).not.toBe(asked[0]?.occurrence);
  });

  it('asks for none outside of its window', async () => {
    clock.advance(HOUR + 1);
    await watchOver(NOON).look();
    expect(asked).toEqual([]);
  });

  it('asks again while another rotation is active, until the window is over', async () => {
    outcome = 'active';
    const watch = watchOver(NOON);
    await watch.look();
    await watch.look();
    expect(asked).toHaveLength(2);
    clock.advance(HOUR + 1);
    await watch.look();
    expect(asked).toHaveLength(2);
  });

  it('tells what failed, goes on with the others, and asks again', async () => {
    failure = new Error('the database does not answer');
    const watch = watchOver(NOON, { ...NOON, resource: 'archive' });
    await watch.look();
    expect(problems).toEqual([
      'ledger: its schedule cannot be followed yet: the database does not answer',
      'archive: its schedule cannot be followed yet: the database does not answer',
    ]);
    failure = undefined;
    await watch.look();
    expect(asked).toHaveLength(4);
  });
});
