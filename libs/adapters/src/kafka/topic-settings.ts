import { type TopicLayout } from '#events';

/** What a cluster decides and a topic's layout does not. */
export interface TopicDurability {
  readonly replicationFactor: number;
  readonly minInSyncReplicas: number;
}

/** One setting of a topic, by Kafka's own name, and what another value costs. */
export interface TopicSetting {
  readonly name: string;
  /** What a new topic gets. */
  readonly value: string;
  /** Which other values do no harm. `kept`: a longer time, or -1 for ever, of which only a note is made. */
  readonly bound: 'exactly' | 'at least' | 'at most' | 'kept';
  readonly risk: string;
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Kafka's own default: 1 MiB and a record batch's framing. The relay's batches are at most 900,000 bytes. */
const MESSAGE_BYTES_MAX = 1_048_588;
/** A dead letter is a record of any of the other topics with headers more. */
const DEAD_LETTER_BYTES_MAX = 2 * MESSAGE_BYTES_MAX;
/** A follower that is away for a minute still sees every record. */
const COMPACTION_LAG_MIN_MS = MINUTE_MS;
const COMPACTION_LAG_MAX_MS = HOUR_MS;
/** Compaction and retention leave the open segment alone: it must be closed often enough. */
const SEGMENT_MS = HOUR_MS;
/** How long a reader may be away and still learn that a key was cleared. */
const TOMBSTONES_KEPT_MS = 7 * DAY_MS;

/** How a topic of that layout has to be set, whatever the brokers' defaults are. */
export function topicSettings(
  layout: TopicLayout,
  { minInSyncReplicas }: Pick<TopicDurability, 'minInSyncReplicas'>,
): readonly TopicSetting[] {
  return [
    ...(layout.cleanup === 'compact' ? compacted() : kept(layout)),
    {
      name: 'min.insync.replicas',
      value: String(minInSyncReplicas),
      bound: 'at least',
      risk: 'a record that was acknowledged is lost with the brokers that had it',
    },
    {
      name: 'unclean.leader.election.enable',
      value: 'false',
      bound: 'exactly',
      risk: 'a replica that lags behind can become the leader, and what it lacks is lost',
    },
    {
      name: 'max.message.bytes',
      value: String(layout.key === 'original' ? DEAD_LETTER_BYTES_MAX : MESSAGE_BYTES_MAX),
      bound: 'at least',
      risk: 'the topic refuses batches, and who writes them stands still',
    },
    {
      // The broker compresses anew what came otherwise: kafkajs knows no other codec.
      name: 'compression.type',
      value: 'gzip',
      bound: 'exactly',
      risk: 'one batch that its producer compressed with snappy, lz4 or zstd ends each of our readers, again and again',
    },
  ];
}

const kept = ({ retentionMs }: TopicLayout): readonly TopicSetting[] => [
  {
    name: 'cleanup.policy',
    value: 'delete',
    bound: 'exactly',
    risk: 'of the records of one key only the last stays: evidence is lost',
  },
  {
    name: 'retention.ms',
    value: String(retentionMs),
    bound: 'kept',
    risk: 'records are deleted before their time, read or not',
  },
  {
    name: 'retention.bytes',
    value: '-1',
    bound: 'kept',
    risk: 'a flood of records deletes older ones before their time, read or not',
  },
  ...(retentionMs !== -1 && retentionMs < DAY_MS ? [closedWithinTheHour()] : []),
];

const compacted = (): readonly TopicSetting[] => [
  {
    name: 'cleanup.policy',
    value: 'compact',
    bound: 'exactly',
    risk: 'the state of keys that did not change for long is deleted: who starts after that does not know it',
  },
  {
    name: 'retention.ms',
    value: '-1',
    bound: 'kept',
    risk: 'should cleanup.policy ever name delete, the state of keys is deleted at that age',
  },
  {
    name: 'min.compaction.lag.ms',
    value: String(COMPACTION_LAG_MIN_MS),
    bound: 'at least',
    risk: 'a reader that was away for seconds misses what happened in between',
  },
  {
    name: 'max.compaction.lag.ms',
    value: String(COMPACTION_LAG_MAX_MS),
    bound: 'at most',
    risk: 'outdated records stay: every start of a reader takes longer',
  },
  closedWithinTheHour(),
  {
    name: 'delete.retention.ms',
    value: String(TOMBSTONES_KEPT_MS),
    bound: 'kept',
    risk: 'a reader that was away for longer never learns that a key was cleared',
  },
];

const closedWithinTheHour = (): TopicSetting => ({
  name: 'segment.ms',
  value: String(SEGMENT_MS),
  bound: 'at most',
  risk: 'records stay for as long as their segment is open, which is longer than said',
});

/** Whether a value that was found does what the setting is for. */
export function satisfies(setting: TopicSetting, found: string | undefined): boolean {
  if (found === undefined) return false;
  switch (setting.bound) {
    case 'exactly':
      return policies(found) === policies(setting.value);
    case 'at least':
      return Number(found) >= Number(setting.value);
    case 'at most':
      return Number(found) <= Number(setting.value);
    case 'kept':
      return duration(found) >= duration(setting.value);
  }
}

/** Whether records are kept for longer than they must be. */
export const keepsLonger = (setting: TopicSetting, found: string | undefined): boolean =>
  setting.bound === 'kept' && found !== undefined && duration(found) > duration(setting.value);

/** -1 is for ever. */
const duration = (text: string): number =>
  Number(text) < 0 ? Number.POSITIVE_INFINITY : Number(text);

/** `cleanup.policy` is a list, in any order. */
const policies = (text: string): string =>
  text
    .split(',')
    .map((policy) => policy.trim())
    .sort()
    .join();

/** For people: `604800000 (7 days)`. */
export function shownValue(name: string, value: string): string {
  if (!name.endsWith('.ms')) return value === '' ? 'empty' : value;
  if (Number(value) < 0) return `${value} (for ever)`;
  const ms = Number(value);
  const units = [
    ['day', DAY_MS],
    ['hour', HOUR_MS],
    ['minute', MINUTE_MS],
    ['second', SECOND_MS],
  ] as const;
  const unit = units.find(([, length]) => ms >= length && ms % length === 0);
  if (unit === undefined) return value;
  const count = ms / unit[1];
  return `${value} (${count} ${unit[0]}${count === 1 ? '' : 's'})`;
}
