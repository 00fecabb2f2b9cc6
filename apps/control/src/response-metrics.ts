import { type Logger, type Metrics } from '#platform';
import { type ResponseObserver } from './response-loop.js';

/** The figures of responses for Prometheus, and their lines in the log. */
export function responseObserver(
  metrics: Metrics | undefined,
  log: Logger | undefined,
): ResponseObserver {
  const executed = metrics?.counter('responses_executed_total', 'Responses that were carried out', [
    'action',
    'result',
  ]);
  const delay = metrics?.histogram(
    'response_seconds',
    'From the order of a response to its having been carried out',
  );
  const failures = metrics?.counter(
    'response_failures_total',
    'Turns in which a response could not be carried out; it is tried again',
  );
  return {
    settled: ({ detectionId, rule, response }, result, tookMs) => {
      executed?.inc({ action: response.action, result });
      delay?.observe(Math.max(0, tookMs) / 1_000);
      const told = { detection: detectionId, rule, ...response, result };
      if (result === 'failed') log?.error(told, 'a response of a detection failed for good');
      else log?.warn(told, 'a response of a detection was carried out');
    },
    takenBack: ({ detectionId, response }) =>
      log?.info({ detection: detectionId, ...response }, 'a response that was for a time is over'),
    failed: (err, order) => {
      failures?.inc();
      log?.error({ err, order: order?.id }, 'responses of detections cannot be carried out now');
    },
  };
}
