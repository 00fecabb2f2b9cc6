import { Cron } from 'croner';
import { type RotationSchedule } from './rotation-plan.js';

/**
 * The time of the schedule that is due, as the text by which it happens once; undefined: none is. Due is the last time
 * that came, for as long as its window lasts. A time that daylight saving skips comes at the end of the gap, and one that
 * comes twice in that night is due once; that holds for times of one minute of one hour, such as `30 2 * * *`.
 * @param since Times up to this instant are not due, such as those before a process or a credential was there.
 * @throws TypeError, RangeError for a schedule that postern.yaml would not take
 */
export function dueOccurrence(
  schedule: RotationSchedule,
  now: Date,
  since?: Date,
): string | undefined {
  const at = lastTime(schedule, now);
  if (at === undefined || now.getTime() >= at.getTime() + schedule.windowMs) return undefined;
  if (since !== undefined && at <= since) return undefined;
  return `schedule:${at.toISOString()}`;
}

/** The last time that came, `now` included. */
function lastTime({ cron, timezone }: RotationSchedule, now: Date): Date | undefined {
  const times = new Cron(cron, { mode: '5-part', timezone, paused: true });
  // It gives those before an instant.
  return times.previousRuns(1, new Date(now.getTime() + 1))[0];
}
