import { type Metrics } from '#platform';
import { type RelayObserver } from './relay-loop.js';

/** The relay's figures for Prometheus. */
export function relayMetrics(metrics: Metrics): RelayObserver {
  const published = metrics.counter(
    'relay_published_events_total',
    'Events that were published and marked',
  );
  const failures = metrics.counter(
    'relay_failures_total',
    'Turns in which nothing could be published or marked',
  );
  const shards = metrics.gauge('relay_leased_shards', 'Outbox shards that this relay holds, of 16');
  const waiting = metrics.gauge('outbox_waiting_events', 'Events that are not yet published');
  const age = metrics.gauge('outbox_oldest_age_seconds', 'Age of the oldest unpublished event');
  return {
    published: (records) => published.inc(records),
    failed: () => failures.inc(),
    leased: (count) => shards.set(count),
    backlog: ({ records, oldestAgeSeconds }) => {
      waiting.set(records);
      age.set(oldestAgeSeconds);
    },
  };
}
