import { Cron } from 'croner';
import { z } from 'zod';
import { duration, text } from './config-values.js';

/** Five fields as crontab(5) has them: numbers, names of three letters, "*", ",", "-" and "/". */
const FIELDS = /^(?:(?:[0-9*,/-]|[A-Za-z]{3})+(?: |$)){5}$/;
const CRON_EXPECTED =
  'expected five fields as crontab(5) has them, such as "0 3 * * 0" for Sundays at three';
/** A leap year lies in the four years from here. */
const REFERENCE = new Date('2027-01-01T00:00:00Z');

/** When a rotation begins by itself: `rotation.schedule`. */
export const schedule = z.strictObject({
  cron: text
    .refine((value) => FIELDS.test(value) && isReadable(value), CRON_EXPECTED)
    .refine(
      (value) => !isReadable(value) || comes(value),
      'expected a time that comes: no day fits',
    ),
  timezone: text
    .refine(isTimezone, 'expected the name of a time zone, such as UTC or Europe/Berlin')
    .default('UTC'),
  window: duration({ min: '1m', max: '7d' })
    .prefault('2h')
    .describe('for so long after its time it may begin; outside of it others must approve'),
});

export interface ScheduleEntry {
  readonly cron: string;
  readonly timezone: string;
  readonly windowMs: number;
}

export const scheduleEntry = ({
  cron,
  timezone,
  window,
}: z.output<typeof schedule>): ScheduleEntry => ({ cron, timezone, windowMs: window * 1000 });

function isReadable(cron: string): boolean {
  try {
    return new Cron(cron, { mode: '5-part', paused: true }).getPattern() !== undefined;
  } catch {
    return false;
  }
}

const comes = (cron: string): boolean =>
  new Cron(cron, { mode: '5-part', timezone: 'UTC', paused: true }).nextRun(REFERENCE) !== null;

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
