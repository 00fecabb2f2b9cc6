import { type Grant } from './grant.js';
import { type Resource } from './resource.js';

/**
 * Whole seconds that a handle may live: the least of the resource's `ttl` (what a request that names no life gets)
 * and `maxTtl`, the grant's `maxTtl`, and what is left of the subject token. Zero or less: refuse.
 */
export function handleLifeSeconds({
  grant,
  resource,
  now,
  tokenExpiresAt,
}: {
  readonly grant: Grant;
  readonly resource: Resource;
  readonly now: Date;
  readonly tokenExpiresAt: Date;
}): number {
  const leftSeconds = Math.floor((tokenExpiresAt.getTime() - now.getTime()) / 1000);
  const { ttlSeconds, maxTtlSeconds } = resource.handle;
  return Math.min(ttlSeconds, maxTtlSeconds, grant.maxTtlSeconds, leftSeconds);
}

/** Calls that a handle may make: the grant's `maxCalls` when it has one, never more than the resource's. */
export const handleCallsMax = ({
  grant,
  resource,
}: {
  readonly grant: Grant;
  readonly resource: Resource;
}): number => Math.min(grant.maxCalls ?? resource.handle.maxCalls, resource.handle.maxCalls);
