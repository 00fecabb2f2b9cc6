import { type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

export interface MintOrder {
  readonly privateJwk: JsonWebKey;
  readonly keyId: string;
  readonly issuer: string;
  readonly audience: string;
  /** Take turns. */
  readonly subjects: readonly string[];
  readonly count: number;
  readonly lifetimeSeconds: number;
}

/** So many tokens, each with a `jti` of its own, minted on all cores at once. */
export async function mintTokens(order: MintOrder): Promise<readonly string[]> {
  const threads = availableParallelism();
  const share = Math.ceil(order.count / threads);
  const parts = await Promise.all(
    Array.from({ length: threads }, () => minted({ ...order, count: share })),
  );
  return parts.flat().slice(0, order.count);
}

async function minted(order: MintOrder): Promise<readonly string[]> {
  const worker = new Worker(new URL('./mint-worker.js', import.meta.url), { workerData: order });
  const [tokens] = (await once(worker, 'message')) as [readonly string[]];
  return tokens;
}
