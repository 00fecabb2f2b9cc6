import { type RelayPoint } from '../../apps/relay/src/relay-loop.js';

/** What a test asks of a relay that is not shipped, as JSON in the first argument of relay-with-faults. */
export interface RelayFaults {
  /** Default: that of the relay. */
  readonly idleTimeoutMs?: number;
  /** Dies by SIGKILL when it passes this point for the so manieth time, from 1. */
  readonly dieAt?: { readonly point: RelayPoint; readonly time: number };
}
