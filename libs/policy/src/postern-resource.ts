import { NO_PATH_EXCEPTIONS } from './path-exception.js';
import { POSTERN_RESOURCE_ID, POSTERN_SCOPES, type Resource, resourceUriOf } from './resource.js';

const TTL_SECONDS = 300;
const TTL_SECONDS_MAX = 3600;
const CALLS_MAX = 100_000;

/** The reserved resource. Its scopes cover no operation: nothing under `/proxy/postern/` can ever be called. */
export const posternResource = (environment: string, publicOrigin: string): Resource => ({
  id: POSTERN_RESOURCE_ID,
  uri: resourceUriOf(publicOrigin, POSTERN_RESOURCE_ID),
  environment,
  owner: POSTERN_RESOURCE_ID,
  presentations: ['bearer', 'dpop'],
  scopes: new Map(POSTERN_SCOPES.map((scope) => [scope, []])),
  forbid: [],
  pathExceptions: NO_PATH_EXCEPTIONS,
  handle: {
    ttlSeconds: TTL_SECONDS,
    maxTtlSeconds: TTL_SECONDS_MAX,
    maxCalls: CALLS_MAX,
    concurrencyMax: 1, // Nothing of it is proxied.
    binding: 'none',
  },
});
