import { z } from 'zod';

const breakerBlock = {
  resource: z.string(),
  version: z.int().describe('the version whose logins failed'),
  upstream_status: z.int().optional().describe('HTTP status; absent for other protocols'),
  failures: z.int(),
  window_seconds: z.int(),
};

/** How the credential of a resource stands. */
export const credentialEvents = {
  /** On the compacted topic: of each resource the last record counts. */
  'dev.postern.credential.state.v1': z.object({
    resource: z.string(),
    current_version: z.int(),
    previous_version: z.int().optional().describe('absent when no other can be gone back to'),
    state: z.enum(['active', 'rotating', 'breaker_open', 'out_of_sync']),
    epoch: z.int().describe('one more whenever another version becomes the current one'),
    at: z.int(),
  }),
  'dev.postern.credential.out_of_sync.v1': z.object({
    ...breakerBlock,
    next_probe_at: z.int().optional().describe('absent: nothing is tried until somebody acts'),
  }),
  'dev.postern.credential.breaker_opened.v1': z.object({
    ...breakerBlock,
    next_probe_at: z.int(),
  }),
  'dev.postern.credential.breaker_closed.v1': z.object(breakerBlock),
};
