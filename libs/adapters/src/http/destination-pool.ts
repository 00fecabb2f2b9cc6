import { Pool } from 'undici';
import { destinationConnector } from './destination-connector.js';
import { type PooledRequest } from './versioned-pools.js';

const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_MS_MAX = 60_000;

/** Connections to one destination over HTTP/1.1. */
export const destinationPool = ({ resource, tlsIdentity }: PooledRequest): Pool =>
  new Pool(resource.destination.origin, {
    connect: destinationConnector(resource, tlsIdentity),
    connections: resource.limits.concurrencyMax,
    pipelining: 1,
    headersTimeout: resource.limits.headersTimeoutMs,
    bodyTimeout: resource.limits.idleTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
    maxHeaderSize: HEADER_BYTES_MAX,
  });
