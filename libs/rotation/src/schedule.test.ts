import fc from 'fast-check';
import { dueOccurrence, type RotationSchedule } from '#rotation';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const aSchedule = (overrides: Partial<RotationSchedule> = {}): RotationSchedule => ({
  cron: '0 3 * * 0',
  timezone: 'UTC',
  windowMs: 2 * HOUR_MS,
  ...overrides,
});
const due = (now: string, overrides: Partial<RotationSchedule> = {}): string | undefined =>
  dueOccurrence(aSchedule(overrides), new Date(now));

/** 22 November 2026 is a Sunday. */
const SUNDAY = 'schedule:2026-11-22T03:00:00.000Z';

describe('a time of a schedule', () => {
  it.each([
    ['a millisecond before', '2026-11-22T02:59:59.999Z', undefined],
    ['at its instant', '2026-11-22T03:00:00.000Z', SUNDAY],
    ['within its window', '2026-11-22T04:30:12.345Z', SUNDAY],
    ['in the last millisecond of its window', '2026-11-22T04:59:59.999Z', SUNDAY],
    ['at the end of its window', '2026-11-22T05:00:00.000Z', undefined],
    ['on another day', '2026-11-23T03:30:00.000Z', undefined],
  ])('%s is due or not: %s', (_, now, expected) => {
    expect(due(now)).toBe(expected);
  });

  it('is that of its time zone', () => {
    const timezone = 'America/New_York';
    expect(due('2026-11-22T08:00:00Z', { timezone })).toBe('schedule:2026-11-22T08:00:00.000Z');
    expect(due('2026-11-22T03:00:00Z', { timezone })).toBeUndefined();
  });

  it('is the last one that came where windows overlap', () => {
    const often = { cron: '0 * * * *', windowMs: 5 * HOUR_MS };
    expect(due('2026-11-22T03:30:00Z', often)).toBe(SUNDAY);
  });

  it('is not due again to whoever came after it', () => {
    const now = new Date('2026-11-22T03:30:00Z');
    const since = (at: string): string | undefined => dueOccurrence(aSchedule(), now, new Date(at));
    expect(since('2026-11-22T02:59:59.999Z')).toBe(SUNDAY);
    expect(since('2026-11-22T03:00:00.000Z')).toBeUndefined();
  });

  it('is none where none ever came', () => {
    expect(due('2026-11-22T03:30:00Z', { cron: '0 3 30 2 *' })).toBeUndefined();
  });
});

describe('in the nights in which clocks are changed', () => {
  const berlin = { cron: '30 2 * * *', timezone: 'Europe/Berlin', windowMs: HOUR_MS };
  /** Each time that is due in the hours from `start` on, and from when until when. */
  function dueIn(start: string, hours: number): Map<string, [first: string, last: string]> {
    const seen = new Map<string, [string, string]>();
    for (let minute = 0; minute < hours * 60; minute += 1) {
      const now = new Date(Date.parse(start) + minute * MINUTE_MS);
      const occurrence = dueOccurrence(aSchedule(berlin), now);
      if (occurrence === undefined) continue;
      const clock = now.toISOString().slice(11, 16);
      seen.set(occurrence, [seen.get(occurrence)?.[0] ?? clock, clock]);
    }
    return seen;
  }

  it('a time that is skipped is due once, when the gap is over', () => {
    expect(dueIn('2027-03-27T22:00:00Z', 12)).toEqual(
      new Map([['schedule:2027-03-28T01:00:00.000Z', ['01:00', '01:59']]]),
    );
  });

  it('a time that comes twice is due once, at the first', () => {
    expect(dueIn('2027-10-30T22:00:00Z', 12)).toEqual(
      new Map([['schedule:2027-10-31T00:30:00.000Z', ['00:30', '01:29']]]),
    );
  });
});

it('every time is due for exactly its window, whatever the schedule', () => {
  const anyTime = fc.date({
    min: new Date('2026-01-01T00:00:00Z'),
    max: new Date('2028-01-01T00:00:00Z'),
    noInvalidDate: true,
  });
  const field = (max: number) => fc.integer({ min: 0, max }).map(String);
  const schedules = fc.record({
    cron: fc.tuple(field(59), field(23)).map(([minute, hour]) => `${minute} ${hour} * * *`),
    timezone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns'),
    windowMs: fc.integer({ min: MINUTE_MS, max: 12 * HOUR_MS }),
  });
  fc.assert(
    fc.property(schedules, anyTime, (schedule, now) => {
      const occurrence = dueOccurrence(schedule, now);
      // A day without its hour is a day all the same: none is longer than 25 hours.
      const known = occurrence ?? dueOccurrence({ ...schedule, windowMs: 26 * HOUR_MS }, now);
      const at = Date.parse(known!.slice('schedule:'.length));
      const age = now.getTime() - at;
      expect(age).toBeGreaterThanOrEqual(0);
      expect(occurrence !== undefined).toBe(age < schedule.windowMs);
      expect(dueOccurrence(schedule, new Date(at))).toBe(known);
      expect(dueOccurrence(schedule, new Date(at + schedule.windowMs - 1))).toBe(known);
    }),
  );
});
