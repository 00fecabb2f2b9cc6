import { type TlsIdentity, type UpstreamRequest } from '#injection';
import { Pool } from 'undici';
import { destinationConnector } from './destination-connector.js';

const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_MS_MAX = 60_000;

interface VersionedPool {
  readonly version: number;
  readonly origin: string;
  readonly tlsIdentity: TlsIdentity | undefined;
  readonly pool: Pool;
}

type PooledRequest = Pick<UpstreamRequest, 'resource' | 'credentialVersion' | 'tlsIdentity'>;

/**
 * Connections by resource and credential version: a connection that was used with one version is never used with
 * another, nor is its TLS session resumed. A newer version retires the older pool, which ends its requests and closes.
 */
export class DestinationPools {
  readonly #current = new Map<string, VersionedPool>();
  readonly #retired = new Set<Pool>();
  #closed = false;

  /** Undefined once closed. */
  of(request: PooledRequest): Pool | undefined {
    if (this.#closed) return undefined;
    const { resource, credentialVersion: version, tlsIdentity } = request;
    const current = this.#current.get(resource.id);
    if (current !== undefined && isFor(current, request)) return current.pool;
    const pool = openPool(request);
    if (current === undefined || current.version <= version) {
      const { origin } = resource.destination;
      this.#current.set(resource.id, { version, origin, tlsIdentity, pool });
      if (current !== undefined) this.#retire(current.pool);
    } else {
      // A call that started before the rotation: one request, then the pool closes.
      setImmediate(() => {
        this.#retire(pool);
      });
    }
    return pool;
  }

  /** Lets requests in flight finish within the deadline, then cuts them. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    for (const { pool } of this.#current.values()) this.#retire(pool);
    this.#current.clear();
    const pools = [...this.#retired];
    const cut = setTimeout(() => {
      for (const pool of pools) void pool.destroy();
    }, deadlineMs);
    await Promise.all(pools.map((pool) => closed(pool)));
    clearTimeout(cut);
  }

  #retire(pool: Pool): void {
    this.#retired.add(pool);
    void closed(pool).finally(() => this.#retired.delete(pool));
  }
}

/** A version that was deleted and written anew may have the number of the old one: the identity is compared too. */
const isFor = ({ version, origin, tlsIdentity }: VersionedPool, request: PooledRequest): boolean =>
  version === request.credentialVersion &&
  origin === request.resource.destination.origin &&
  tlsIdentity?.certificate === request.tlsIdentity?.certificate &&
  tlsIdentity?.key === request.tlsIdentity?.key;

/** Resolves when the pool is closed, whether its requests ended or were cut. */
const closed = (pool: Pool): Promise<void> => pool.close().catch(() => undefined);

const openPool = ({ resource, tlsIdentity }: PooledRequest): Pool =>
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
