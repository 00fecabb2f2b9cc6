import { type ProbeResult } from './rotation.js';
import { type SecretFields } from './rotated-secrets.js';

export interface ProbeAnswer {
  readonly result: ProbeResult;
  /** Safe for events: which check said so and how, such as `GET /accounts/health: 403`; never a value. */
  readonly detail: string;
}

/** Tries a value at the legacy system, in the way in which calls use it. Each ends within PROBE_MS_MAX. Throws nothing. */
export abstract class CredentialProbe {
  /** Whether it authenticates: one login. */
  abstract login(fields: SecretFields): Promise<ProbeAnswer>;

  /** Every configured check: it authenticates and may do what calls need. At the first that fails it ends. */
  abstract verify(fields: SecretFields): Promise<ProbeAnswer>;
}

export const PROBE_MS_MAX = 10_000;
