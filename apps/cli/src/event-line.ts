import { z } from 'zod';
import { describeEvent, type RecordedEvent } from '#events';
import { shown } from './shown.js';

const eventShape = z.looseObject({
  time: z.string(),
  severitytext: z.string(),
  type: z.string(),
  subject: z.string(),
  env: z.string(),
  correlationid: z.string(),
  data: z.looseObject({}),
});

/** An event as the admin API tells it, as one line; those of a later version are shown as they came. */
export function eventLine(event: Readonly<Record<string, unknown>>): string {
  const { success } = eventShape.safeParse(event);
  return shown(success ? describeEvent(event as unknown as RecordedEvent) : JSON.stringify(event));
}
