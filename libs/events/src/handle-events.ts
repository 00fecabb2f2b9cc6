import { z } from 'zod';

const handleBlock = {
  handle_id: z.string(),
  family_id: z.string(),
};

export const revocationInitiators = ['admin', 'policy', 'system', 'subject', 'command'] as const;
export type RevocationInitiator = (typeof revocationInitiators)[number];

export const handleEvents = {
  'dev.postern.handle.issued.v1': z.object({
    ...handleBlock,
    subject_id: z.string(),
    resource: z.string(),
    scope: z.string(),
    env: z.string(),
    expires_at: z.int(),
    max_calls: z.int(),
    grant_id: z.string(),
    grant_version: z.int(),
  }),
  'dev.postern.handle.revoked.v1': z.object({
    ...handleBlock,
    scope: z.enum(['handle', 'family', 'subject', 'issuer', 'grant', 'key', 'resource', 'task']),
    reason: z.string(),
    initiator: z.enum(revocationInitiators),
    initiator_id: z.string().optional().describe('subject_id or handle_id of who asked'),
    revoked_at: z.int(),
  }),
};
