import { z } from 'zod';

/** Who acted, in every event that a workload caused. Absent fields were unknown when the event was written. */
export const actorBlock = z.object({
  subject_id: z.string().describe('sub_ + digest of (iss, sub): safe as a key'),
  subject_issuer: z.string(),
  subject: z.string().describe('the `sub` claim'),
  subject_kind: z.enum(['workload', 'person']),
  client: z.object({
    ip: z.string().describe('peer address; from a forwarded header only behind a trusted proxy'),
    user_agent: z.string().optional().describe('at most 200 characters'),
  }),
});

export type ActorBlock = z.infer<typeof actorBlock>;
