import { type RecordedEvent } from './postern-event.js';

const TYPE_PREFIX = 'dev.postern.';
/** What needs no quotes: printable ASCII without space and quotation mark. */
const PLAIN = /^[\x21\x23-\x7e]+$/;
/** The same without a comma. */
const WORD = /^[\x21\x23-\x2b\x2d-\x7e]+$/;

/** What a person looks for first; the other fields follow in the order of the event. */
const FIRST = ['reason', 'rejection', 'outcome', 'action', 'state', 'resource', 'granted_resource'];

/**
 * One line for a person at a terminal: time, severity, type, subject, then the fields of `data` as name=value, nested
 * ones by a dotted name, lists by commas. What a caller put into an event cannot move the cursor or begin a line: it is quoted.
 */
export function describeEvent(event: RecordedEvent): string {
  const type = event.type.startsWith(TYPE_PREFIX)
    ? event.type.slice(TYPE_PREFIX.length)
    : event.type;
  const fields = flatten(event.data)
    .sort(([one], [other]) => placeOf(one) - placeOf(other))
    .map(([name, value]) => `${name}=${listed(value)}`);
  return [
    shown(event.time),
    event.severitytext.padEnd(5),
    shown(type),
    shown(event.subject),
    ...fields,
    `env=${shown(event.env)}`,
    `correlation=${shown(event.correlationid)}`,
  ].join(' ');
}

function flatten(value: object, path: readonly string[] = []): [string, unknown][] {
  return Object.entries(value).flatMap(([name, inner]): [string, unknown][] =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? flatten(inner as object, [...path, name])
      : [[shown([...path, name].join('.')), inner]],
  );
}

const placeOf = (name: string): number => {
  const place = FIRST.indexOf(name);
  return place < 0 ? FIRST.length : place;
};

/** A list of plain words without commas as they are; any other value as JSON has it. */
function listed(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return shown(value);
  const words = value.filter((word) => typeof word === 'string' && WORD.test(word));
  return words.length === value.length ? words.join(',') : shown(value);
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (PLAIN.test(text)) return text;
  // JSON leaves DEL, the C1 controls and the bidirectional marks as they are.
  return JSON.stringify(text).replace(/[^\x20-\x7e]/g, escaped);
}

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
