import { z } from 'zod';

const handleBlock = {
  handle_id: z.string(),
  family_id: z.string(),
};

export const revocationInitiators = ['admin', 'policy', 'system', 'subject', 'command'] as const;
export type RevocationInitiator = (typeof revocationInitiators)[number];

/** What a revocation or a suspension may name. */
export const revocationScopes = [
  'handle',
  'family',
  'subject',
  'issuer',
  'grant',
  'key',
  'resource',
  'task',
] as const;
export type RevocationScope = (typeof revocationScopes)[number];

const initiated = {
  scope: z.enum(revocationScopes),
  reason: z.string(),
  initiator: z.enum(revocationInitiators),
  initiator_id: z.string().optional().describe('subject_id or handle_id of who asked'),
  detection_id: z.string().optional().describe('of the detection whose response it is'),
};

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
  'dev.postern.handle.first_used.v1': z.object({
    ...handleBlock,
    issued_at: z.int(),
    delay_ms: z.int().describe('from the exchange to the first call that was permitted'),
    same_client: z
      .boolean()
      .optional()
      .describe('whether the address is that of the exchange; absent: it is not known any more'),
  }),
  'dev.postern.handle.expired.v1': z.object({
    ...handleBlock,
    expired_at: z.int(),
    calls: z.int().describe('how many it was used for; 0: it was issued for nothing'),
    suspended: z.boolean().describe('whether it was suspended when its time was over'),
  }),
  'dev.postern.handle.revoked.v1': z.object({
    ...handleBlock,
    ...initiated,
    revoked_at: z.int(),
  }),
  'dev.postern.handle.suspended.v1': z.object({
    ...handleBlock,
    ...initiated,
    suspended_at: z.int(),
  }),
  'dev.postern.handle.resumed.v1': z.object({
    ...handleBlock,
    ...initiated,
    resumed_at: z.int(),
  }),
};
