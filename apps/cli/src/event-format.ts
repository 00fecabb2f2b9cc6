import { describeEvent, type RecordedEvent, toCaep, toOcsf } from '#events';
import { shown, shownJson } from './shown.js';
import { UsageError } from './usage-error.js';

/** One line; undefined for an event that the format has no word for. */
export type EventFormat = (event: RecordedEvent) => string | undefined;

const asJson = (value: object | undefined): string | undefined =>
  value === undefined ? undefined : shownJson(value);

const FORMATS = {
  line: (event) => shown(describeEvent(event)),
  json: asJson,
  ocsf: (event) => asJson(toOcsf(event)),
  caep: (event) => asJson(toCaep(event)),
} as const satisfies Record<string, EventFormat>;

export const FORMAT_NAMES = Object.keys(FORMATS);

/** @throws UsageError */
export function eventFormat(name: string): EventFormat {
  if (Object.hasOwn(FORMATS, name)) return FORMATS[name as keyof typeof FORMATS];
  throw new UsageError(`--format: is none of ${FORMAT_NAMES.join(', ')}`);
}
