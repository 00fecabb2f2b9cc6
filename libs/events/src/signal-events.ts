import { z } from 'zod';

/** What became of a security event that was believed: handles were revoked, or why none had to be. */
export const signalOutcomes = [
  'revoked',
  'verified',
  'unknown_event',
  'unknown_subject',
  'trust_kept',
] as const;
export type SignalOutcome = (typeof signalOutcomes)[number];

const sent = {
  transmitter: z.string().optional().describe('its id; absent when the token names none'),
  pushed_by: z.string().describe('subject_id of the workload that delivered it'),
};

/** Security events that others send us (RFC 8417, CAEP 1.0). */
export const signalEvents = {
  'dev.postern.signal.accepted.v1': z.object({
    ...sent,
    jti: z.string(),
    event_type: z.string().describe('a URI; at most 256 characters'),
    issued_at: z.int(),
    txn: z.string().optional(),
    subject_id: z.string().optional().describe('whose handles were looked for'),
    outcome: z.enum(signalOutcomes),
    revoked: z.int().describe('how many handles this revoked'),
    state: z.string().optional().describe('of a verification event; at most 256 characters'),
  }),
  'dev.postern.signal.rejected.v1': z.object({
    ...sent,
    err: z
      .enum([
        'invalid_request',
        'invalid_key',
        'invalid_issuer',
        'invalid_audience',
        'authentication_failed',
        'access_denied',
      ])
      .describe('as its transmitter was told (RFC 8935 section 2.4)'),
    detail: z.string().describe('for the operator; the rule that was broken'),
  }),
};
