import { type AccessRequest } from './access-request.js';
import { type Grant } from './grant.js';
import { type Resource } from './resource.js';

interface Ceilings {
  readonly grant: Grant;
  readonly resource: Resource;
}

/** Calls that a handle may make: the grant's `maxCalls` when it has one, never more than the resource's. */
export const callsCeiling = ({ grant, resource }: Ceilings): number =>
  Math.min(grant.maxCalls ?? resource.handle.maxCalls, resource.handle.maxCalls);

/** The longest life that a request may ask for. */
export const ttlCeilingSeconds = ({ grant, resource }: Ceilings): number =>
  Math.min(grant.maxTtlSeconds, resource.handle.maxTtlSeconds);

/**
 * Whole seconds that a handle may live: what was asked for, else the resource's `ttl`, within the ceilings of grant and
 * resource and what is left of all that was presented. Zero or less: refuse.
 */
export function handleLifeSeconds(
  grant: Grant,
  { resource, intent, expiresAt, now }: AccessRequest,
): number {
  const leftSeconds = Math.floor((expiresAt.getTime() - now.getTime()) / 1000);
  const wanted = intent.ttlSeconds ?? resource.handle.ttlSeconds;
  return Math.min(wanted, ttlCeilingSeconds({ grant, resource }), leftSeconds);
}

/** Calls of the new handle. Those of one with a parent are taken from what the parent has left. */
export function handleCallsMax(grant: Grant, request: AccessRequest): number {
  const { intent, presented, resource } = request;
  const left = presented.kind === 'handle' ? presented.parent.callsLeft : Number.POSITIVE_INFINITY;
  const wanted = intent.maxCalls ?? Number.POSITIVE_INFINITY;
  return Math.min(wanted, callsCeiling({ grant, resource }), left);
}
