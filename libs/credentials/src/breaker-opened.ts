import { type EventFactory, type PosternEvent } from '#events';
import { epochSeconds } from '#kernel';
import { credentialStateEvent } from './credential-state-event.js';
import { type ManagedCredential } from './managed-credential.js';

/** Refusals of the current version within this time open the breaker, when there are REFUSALS_TO_OPEN of them. */
export const REFUSAL_WINDOW_SECONDS = 60;
export const REFUSALS_TO_OPEN = 2;

/** A breaker that refusals have opened. */
export interface BreakerOpening {
  /** As it is now. */
  readonly credential: ManagedCredential;
  /** Distinct calls that were refused within the window. */
  readonly failures: number;
  /** HTTP status of the last one. */
  readonly status: number | undefined;
  readonly callId: string;
  readonly at: Date;
}

/** What is told of it: that it opened, and how the credential stands now. It is tried at once. */
export function breakerOpenedEvents(
  events: EventFactory,
  { credential, failures, status, callId, at }: BreakerOpening,
): readonly PosternEvent[] {
  const { resource, currentVersion: version } = credential;
  return [
    events.create('dev.postern.credential.breaker_opened.v1', {
      subject: `credential/${resource}`,
      partitionKey: resource,
      correlationId: callId,
      at,
      severity: 'ERROR',
      data: {
        resource,
        version,
        ...(status === undefined ? {} : { upstream_status: status }),
        failures,
        window_seconds: REFUSAL_WINDOW_SECONDS,
        next_probe_at: epochSeconds(at),
      },
    }),
    credentialStateEvent(events, credential, { correlationId: callId, at }),
  ];
}
