import { type DpopProver, PosternClient } from '#client';
import { openDpopKey } from './dpop-key-file.js';

/** The client of a command: with proofs when a key file is named. @param open Default: the file must be there. */
export async function clientOf(
  { origin, dpopKey }: { readonly origin: string; readonly dpopKey?: string },
  open: (file: string) => Promise<DpopProver> = openDpopKey,
): Promise<PosternClient> {
  if (dpopKey === undefined) return new PosternClient(origin);
  return new PosternClient(origin, { proof: 'dpop', prover: await open(dpopKey) });
}
