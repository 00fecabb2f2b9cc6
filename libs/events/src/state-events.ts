import { z } from 'zod';
import { revocationScopes } from './handle-events.js';

/** What lies on the compacted topics: of each key the last record counts. */
export const stateEvents = {
  'dev.postern.revocation.state.v1': z.object({
    action: z.enum(['revoked', 'suspended', 'resumed']),
    scope: z.enum(revocationScopes),
    id: z.string().describe('what the scope names; at most 2,048 characters'),
    issuer: z.string().optional().describe('of a key: the `iss` of its issuer'),
    subject_id: z.string().optional().describe('of a task: whose it is'),
    family_id: z
      .string()
      .optional()
      .describe('of a handle: all that descends from it is of the same family'),
    at: z.int(),
    reason: z.string(),
    handles: z.int().describe('how many handles this changed'),
    until: z.int().describe('when the last of those handles expires; a day later it is cleared'),
  }),
  /** A tombstone: on Kafka a record without a value, in binary mode. */
  'dev.postern.revocation.cleared.v1': z.looseObject({}),
};
