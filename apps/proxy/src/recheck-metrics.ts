import { type RecheckObserver } from '#injection';
import { type Metrics } from '#platform';

/** What the re-check of calls in flight does, counted; those that were cut unconfirmed are told of. */
export function recheckMetrics(
  metrics: Metrics,
  onProblem: (message: string, error: unknown) => void,
): RecheckObserver {
  const cut = metrics.counter(
    'revocation_calls_cut_total',
    'Calls in flight that were cut: their handle had ended, or could not be confirmed',
    ['cause'],
  );
  const failures = metrics.counter(
    'revocation_recheck_failures_total',
    'Questions whether calls in flight may go on that were not answered',
  );
  return {
    cut: (cause, calls) => {
      cut.inc({ cause }, calls);
      if (cause === 'unconfirmed') {
        onProblem(
          'calls in flight could not be confirmed and were cut',
          new Error(`${calls} calls`),
        );
      }
    },
    failed: () => failures.inc(),
  };
}
