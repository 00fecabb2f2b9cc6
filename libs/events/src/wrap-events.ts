import { z } from 'zod';

/** What was found out of a wrapping token, by the event that tells it. */
export const wrapVerdicts = {
  received: ['pending'],
  verified: ['genuine'],
  unwrapped: ['genuine'],
  suspect: [
    'rewrapped',
    'wrong_path',
    'too_old',
    'ttl_too_long',
    'seen_before',
    'already_unwrapped',
  ],
  lost: ['expired', 'response_lost'],
} as const;

const wrapBlock = {
  rotation_id: z.string(),
  resource: z.string(),
  wrap_accessor_fp: z.string().describe('fingerprint of the accessor, never the token'),
  creation_path: z
    .string()
    .optional()
    .describe('what the look-up in Vault told; absent with the next two when it told nothing'),
  creation_at: z.int().optional(),
  ttl_seconds: z.int().optional(),
  expected_path: z.string(),
  reason: z.string().optional().describe('for the operator; never a token or a value'),
};

/** A new value that an administrator handed over as a Vault response-wrapping token. */
export const wrapEvents = {
  'dev.postern.wrap.received.v1': z.object({
    ...wrapBlock,
    verdict: z.enum(wrapVerdicts.received),
  }),
  'dev.postern.wrap.verified.v1': z.object({
    ...wrapBlock,
    verdict: z.enum(wrapVerdicts.verified),
  }),
  'dev.postern.wrap.suspect.v1': z.object({ ...wrapBlock, verdict: z.enum(wrapVerdicts.suspect) }),
  'dev.postern.wrap.unwrapped.v1': z.object({
    ...wrapBlock,
    verdict: z.enum(wrapVerdicts.unwrapped),
  }),
  'dev.postern.wrap.lost.v1': z.object({ ...wrapBlock, verdict: z.enum(wrapVerdicts.lost) }),
};
