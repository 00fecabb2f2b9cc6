import { type CensusObserver } from '#credentials';
import { type Metrics } from '#platform';

export interface CredentialMetrics {
  readonly observer: CensusObserver;
  /** A call was sent once more with another version. */
  readonly resent: (what: 'current' | 'fallback') => void;
}

/** What becomes of calls whose credentials are rotated, counted. An outage of the census is told of once. */
export function credentialMetrics(
  metrics: Metrics,
  onProblem: (message: string, error: unknown) => void,
): CredentialMetrics {
  const waited = metrics.histogram(
    'credential_hold_seconds',
    'How long calls waited that were held back for a rotation, or until the census was asked',
  );
  const refused = metrics.counter(
    'credential_refusals_total',
    'Refused credentials by whether the fallback version got the same call through',
    ['fallback_worked'],
  );
  const failures = metrics.counter(
    'credential_census_failures_total',
    'Questions to the census that were not answered',
  );
  const resent = metrics.counter(
    'credential_resent_calls_total',
    'Calls that were sent once more after a refusal, with the current or the fallback version',
    ['version'],
  );
  let isSilent = false;
  return {
    resent: (version) => resent.inc({ version }),
    observer: {
      answered: () => {
        isSilent = false;
      },
      waited: (seconds) => {
        waited.observe(seconds);
      },
      refused: ({ fallbackWorked }) => refused.inc({ fallback_worked: String(fallbackWorked) }),
      failed: (error) => {
        failures.inc();
        if (!isSilent) onProblem('the census of credentials is not answered', error);
        isSilent = true;
      },
    },
  };
}
