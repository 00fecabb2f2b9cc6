import { z } from 'zod';

/** Synthetic events, one for each shard every ten seconds: what does not arrive, or late, shows that others do not either. */
export const canaryEvents = {
  'dev.postern.canary.beat.v1': z.object({
    shard: z.int(),
  }),
};
