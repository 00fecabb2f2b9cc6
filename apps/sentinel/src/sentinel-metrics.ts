import { type Detection, type RaisedSum, ruleIds } from '#detection';
import { type ConsumptionObserver, detectionSeverities } from '#events';
import { type Metrics } from '#platform';

/** The sentinel's figures for Prometheus. */
export interface SentinelMetrics {
  readonly raised: (sum: RaisedSum) => void;
  readonly paged: (detection: Detection) => void;
  /** A round of rules over windows; `failed`: how many could not be computed. */
  readonly round: (tookMs: number, failed: number) => void;
  readonly failed: (duty: string) => void;
  readonly observer: ConsumptionObserver;
}

export function sentinelMetrics(metrics: Metrics): SentinelMetrics {
  const failures = metrics.counter(
    'sentinel_failures_total',
    'Turns in which a duty of the sentinel could not be done',
    ['duty'],
  );
  const rounds = metrics.histogram(
    'detection_round_seconds',
    'A round of the rules that look at windows',
  );
  const unanswered = metrics.counter(
    'detection_rules_failed_total',
    'Rules that could not be computed in a round',
  );
  return {
    ...raisedMetrics(metrics),
    round: (tookMs, failed) => {
      rounds.observe(tookMs / 1_000);
      unanswered.inc(failed);
    },
    failed: (duty) => failures.inc({ duty }),
    observer: readingMetrics(metrics),
  };
}

function raisedMetrics(metrics: Metrics): Pick<SentinelMetrics, 'raised' | 'paged'> {
  const raised = metrics.counter('detections_raised_total', 'Detections that were raised', [
    'rule',
    'severity',
  ]);
  const ordered = metrics.counter('responses_ordered_total', 'Responses that control was given');
  const suppressed = metrics.counter(
    'responses_suppressed_total',
    'Responses that were not ordered: monitor mode, the budget of the rule, or no permission',
  );
  const paged = metrics.counter(
    'detection_pages_total',
    'Detections that somebody should be woken for',
    ['rule'],
  );
  // An alarm on the first of its kind sees it rise only when it was there before.
  for (const rule of ruleIds) {
    paged.inc({ rule }, 0);
    for (const severity of detectionSeverities) raised.inc({ rule, severity }, 0);
  }
  return {
    raised: (sum) => {
      for (const { rule, severity } of sum.raised) raised.inc({ rule, severity });
      ordered.inc(sum.ordered);
      suppressed.inc(sum.suppressed);
    },
    paged: ({ rule }) => paged.inc({ rule }),
  };
}

function readingMetrics(metrics: Metrics): ConsumptionObserver {
  const delay = metrics.histogram(
    'detection_evidence_delay_seconds',
    'From the recording of an event to its having been looked at by the rules',
  );
  const letters = metrics.counter(
    'sentinel_dead_letters_total',
    'Records that the sentinel could not handle and that lie with its dead letters',
  );
  return {
    onHandled: (_place, ageMs) => delay.observe(Math.max(0, ageMs) / 1_000),
    onDeadLetter: () => letters.inc(),
  };
}
