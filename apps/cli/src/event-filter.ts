import { EVENT_TOPICS, type RecordedEvent, type Severity, type Topic, TOPICS } from '#events';
import { UsageError } from './usage-error.js';

/** Which events are wanted; what is absent is not asked for. */
export interface EventFilterOptions {
  /** A part of the type: `denied`, `handle.`, `dev.postern.call.denied.v1`. */
  readonly type?: string;
  /** A part of the subject. */
  readonly subject?: string;
  /** At least this severity, in capitals or not. */
  readonly severity?: string;
  readonly env?: string;
  /** The id of a resource. */
  readonly resource?: string;
  /** The id of a handle. */
  readonly handle?: string;
  /** A part of the reason. */
  readonly reason?: string;
  readonly correlation?: string;
  /** RFC 3339, or how long ago: `90s`, `15m`, `2h`, `7d`. */
  readonly since?: string;
}

export type EventFilter = (event: RecordedEvent) => boolean;

/** The least severe first. */
const SEVERITIES: readonly Severity[] = ['INFO', 'WARN', 'ERROR', 'FATAL'];
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const AGO = /^([1-9][0-9]{0,5})([smhd])$/;
const INSTANT = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** An event passes when it is all that is asked for. @throws UsageError */
export function eventFilter(options: EventFilterOptions, now: Date): EventFilter {
  const filters = [
    ...ifAsked(options.type, (part) => (event) => event.type.includes(part)),
    ...ifAsked(options.subject, (part) => (event) => event.subject.includes(part)),
    ...ifAsked(options.severity, atLeast),
    ...ifAsked(options.env, (env) => (event) => event.env === env),
    ...ifAsked(options.resource, (id) => (event) => namedIn(event, RESOURCE_FIELDS, id)),
    ...ifAsked(options.handle, ofHandle),
    ...ifAsked(options.reason, withReason),
    ...ifAsked(options.correlation, (id) => (event) => event.correlationid === id),
    ...ifAsked(options.since, (since) => notBefore(instantOf(since, now))),
  ];
  return (event) => filters.every((passes) => passes(event));
}

const ifAsked = (
  asked: string | undefined,
  filter: (value: string) => EventFilter,
): readonly EventFilter[] => (asked === undefined ? [] : [filter(asked)]);

function atLeast(name: string): EventFilter {
  const least = SEVERITIES.indexOf(name.toUpperCase() as Severity);
  if (least < 0) {
    throw new UsageError(`--severity: is none of ${SEVERITIES.join(', ')}`);
  }
  return ({ severitytext }) => SEVERITIES.indexOf(severitytext) >= least;
}

/** Where events of the several families name a resource. */
const RESOURCE_FIELDS = ['resource', 'granted_resource', 'audience'];
const HANDLE_FIELDS = ['handle_id', 'parent_handle_id'];
/** Where they say why: of denials, revocations, commands, calls that were forwarded. */
const REASON_FIELDS = ['reason', 'rejection', 'err', 'error_class', 'outcome'];

const valuesOf = ({ data }: RecordedEvent, fields: readonly string[]): readonly unknown[] =>
  fields.map((name) => (data as Readonly<Record<string, unknown>>)[name]);

const namedIn = (event: RecordedEvent, fields: readonly string[], value: string): boolean =>
  valuesOf(event, fields).includes(value);

/** Also what is said of a handle on the topics that are keyed by `<scope>:<id>`. */
const ofHandle =
  (id: string): EventFilter =>
  (event) =>
    namedIn(event, HANDLE_FIELDS, id) ||
    event.subject === `handle/${id}` ||
    event.partitionkey === `handle:${id}`;

const withReason =
  (part: string): EventFilter =>
  (event) =>
    valuesOf(event, REASON_FIELDS).some((why) => typeof why === 'string' && why.includes(part));

const notBefore =
  (instantMs: number): EventFilter =>
  ({ time }) =>
    Date.parse(time) >= instantMs;

/** Milliseconds since 1970. */
function instantOf(since: string, now: Date): number {
  const ago = AGO.exec(since);
  if (ago !== null) return now.getTime() - Number(ago[1]) * UNIT_MS[ago[2] as keyof typeof UNIT_MS];
  const instantMs = INSTANT.test(since) ? Date.parse(since) : Number.NaN;
  if (Number.isNaN(instantMs)) {
    throw new UsageError(
      '--since: is no time; such as 15m, 2h, 7d, 2026-11-20 or 2026-11-20T12:00:00Z',
    );
  }
  return instantMs;
}

/**
 * The topics to read: those that were named, by their whole name or by what it has between `postern.` and the version;
 * without any, all but the canaries, who only show that something arrives. @throws UsageError
 */
export function topicsToRead(names: readonly string[] | undefined): readonly Topic[] {
  if (names === undefined) return EVENT_TOPICS.filter((topic) => topic !== TOPICS.canary);
  return [...new Set(names.map(topicNamed))];
}

function topicNamed(name: string): Topic {
  const topic = EVENT_TOPICS.find((known) => known === name || shortOf(known) === name);
  if (topic !== undefined) return topic;
  throw new UsageError(`--topic: is none of ${EVENT_TOPICS.map(shortOf).join(', ')}`);
}

const shortOf = (topic: Topic): string => topic.replace(/^postern\./, '').replace(/\.v\d+$/, '');
