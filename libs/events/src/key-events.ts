import { z } from 'zod';

/** Keys of Postern itself; those of others are told of by `signal` and `review`. */
export const keyEvents = {
  'dev.postern.postern.key_rotated.v1': z.object({
    use: z.enum(['checkpoint', 'fingerprint', 'nonce', 'seal']),
    key_id: z.string().describe('of the key that is used from now on'),
    previous_key_id: z.string().optional().describe('absent for the first of its use'),
    initiator_id: z.string().optional().describe('subject_id or handle_id of who asked'),
    rotated_at: z.int(),
  }),
};
