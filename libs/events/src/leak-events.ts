import { z } from 'zod';

export const leakReportRejections = [
  'unsigned',
  'unknown_key',
  'wrong_signature',
  'malformed',
] as const;
/** Why a report was not taken. */
export type LeakReportRejection = (typeof leakReportRejections)[number];

/** Handles that others found where they must not be. */
export const leakEvents = {
  /** Only what was reported with a verified signature: an unsigned report leaves no such event. */
  'dev.postern.leak.reported.v1': z.object({
    provider: z.string().describe('who found it: the id of its registration'),
    handle_id: z.string().optional().describe('absent when no handle here has that digest'),
    canary_id: z.string().optional().describe('the canary that was found'),
    handle_fp: z.string().describe('first 32 hex digits of the digest of what was found'),
    live: z.boolean().describe('whether it could still be used when it was reported'),
    url_hash: z.string().optional().describe('SHA-256 of where it was found, in hex digits'),
    label: z
      .enum(['true_positive', 'false_positive'])
      .describe('what the provider was told: whether it is a handle of ours'),
  }),
  /** Nothing was done, and nothing of it looked at. */
  'dev.postern.leak.rejected.v1': z.object({
    rejection: z.enum(leakReportRejections),
    client: z.object({ ip: z.string() }),
    count: z
      .int()
      .optional()
      .describe('how many like it this event stands for, when a flood is summed up'),
  }),
};
