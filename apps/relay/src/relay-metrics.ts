import { type CanarySighting, type OutboxBacklog } from '#events';
import { type Metrics } from '#platform';
import { type CheckpointFigures } from './checkpoint-watch.js';
import { type RelayObserver } from './relay-loop.js';

export interface RelayMetrics extends RelayObserver {
  readonly backlog: (backlog: OutboxBacklog) => void;
  readonly canary: (sighting: CanarySighting) => void;
  readonly canaryAges: (agesSeconds: readonly number[]) => void;
  readonly deadLetter: () => void;
  readonly expired: (handles: number) => void;
}

/** The relay's figures for Prometheus. */
export function relayMetrics(metrics: Metrics): RelayMetrics {
  return {
    ...loopMetrics(metrics),
    ...backlogMetrics(metrics),
    ...canaryMetrics(metrics),
    ...expiryMetrics(metrics),
  };
}

function loopMetrics(metrics: Metrics): RelayObserver {
  const published = metrics.counter(
    'relay_published_events_total',
    'Events that were published and marked',
  );
  const repeated = metrics.counter(
    'relay_repeated_events_total',
    'Of these, events that were sent before without a known outcome: they may lie on the bus twice',
  );
  const failures = metrics.counter(
    'relay_failures_total',
    'Turns in which nothing could be published or marked',
  );
  const latency = metrics.histogram(
    'relay_publish_seconds',
    'From sending a batch until all of it is durable on the bus',
  );
  const shards = metrics.gauge('relay_leased_shards', 'Outbox shards that this relay holds, of 16');
  return {
    published: ({ records, repeats, tookMs }) => {
      published.inc(records);
      repeated.inc(repeats);
      latency.observe(tookMs / 1000);
    },
    failed: () => failures.inc(),
    leased: (count) => shards.set(count),
  };
}

function backlogMetrics(metrics: Metrics): Pick<RelayMetrics, 'backlog'> {
  const waiting = metrics.gauge('outbox_waiting_events', 'Events that are not yet published');
  const bytes = metrics.gauge('outbox_waiting_bytes', 'Bytes of these events, as JSON');
  const age = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest unpublished event');
  const lag = metrics.gauge('outbox_shard_waiting_events', 'Unpublished events of a shard', [
    'shard',
  ]);
  const shardAge = metrics.gauge(
    'outbox_shard_oldest_age_seconds',
    'Age of the oldest unpublished event of a shard',
    ['shard'],
  );
  return {
    backlog: (backlog) => {
      waiting.set(backlog.records);
      bytes.set(backlog.bytes);
      age.set(backlog.oldestAgeSeconds);
      for (const [shard, { records, oldestAgeSeconds }] of backlog.shards.entries()) {
        lag.set({ shard }, records);
        shardAge.set({ shard }, oldestAgeSeconds);
      }
    },
  };
}

function canaryMetrics(
  metrics: Metrics,
): Pick<RelayMetrics, 'canary' | 'canaryAges' | 'deadLetter'> {
  const delay = metrics.histogram(
    'canary_delay_seconds',
    'From the writing of a canary into the outbox to its being read from the bus',
  );
  const missing = metrics.counter(
    'canary_missing_total',
    'Canaries that never came, though later ones of their shard did: events are lost',
    ['shard'],
  );
  const repeated = metrics.counter('canary_repeated_total', 'Canaries that came again', ['shard']);
  const deadLetters = metrics.counter(
    'dead_letters_total',
    'Records that a group could not handle and that lie with its dead letters',
    ['group'],
  );
  const age = metrics.gauge(
    'canary_last_seen_age_seconds',
    'Since the last canary of a shard was read from the bus',
    ['shard'],
  );
  return {
    canary: ({ shard, delaySeconds, missing: count, repeated: isRepeated }) => {
      if (isRepeated) {
        repeated.inc({ shard });
        return;
      }
      delay.observe(delaySeconds);
      missing.inc({ shard }, count);
    },
    deadLetter: () => deadLetters.inc({ group: 'postern-canary-watch' }),
    canaryAges: (agesSeconds) => {
      for (const [shard, seconds] of agesSeconds.entries()) age.set({ shard }, seconds);
    },
  };
}

function expiryMetrics(metrics: Metrics): Pick<RelayMetrics, 'expired'> {
  const expired = metrics.counter(
    'handles_expired_total',
    'Handles whose end by time was looked after: told of, unless they were revoked before',
  );
  return { expired: (handles) => expired.inc(handles) };
}

/** The figures of the evidence chain; asked for where there is one. */
export function checkpointMetrics(metrics: Metrics): CheckpointFigures {
  const waiting = metrics.gauge(
    'audit_waiting_events',
    'Published events that no checkpoint covers yet, counted up to 10,000',
  );
  const waitingAge = metrics.gauge(
    'audit_oldest_waiting_age_seconds',
    'Since the oldest of them was published',
  );
  const lost = metrics.gauge(
    'audit_lost_events',
    'Published events that were removed or exchanged before they were logged: the evidence has a gap',
  );
  const size = metrics.gauge('audit_tree_size', 'Events under the newest checkpoint');
  const age = metrics.gauge('audit_checkpoint_age_seconds', 'Age of the newest checkpoint');
  const made = metrics.counter('audit_checkpoints_total', 'Checkpoints that this relay made');
  const anchored = metrics.gauge(
    'audit_anchored_size',
    'Events under the newest anchored checkpoint',
  );
  const failures = metrics.counter(
    'audit_failures_total',
    'Turns in which no checkpoint could be made, or none anchored',
    ['what'],
  );
  return {
    waiting: (now) => {
      waiting.set(now.count);
      waitingAge.set(now.oldestAgeSeconds);
      lost.set(now.lost);
    },
    newest: (checkpoint) => {
      size.set(checkpoint.size);
      age.set(checkpoint.ageSeconds);
    },
    made: () => made.inc(),
    anchored: (events) => anchored.set(events),
    failed: (what) => failures.inc({ what }),
  };
}
