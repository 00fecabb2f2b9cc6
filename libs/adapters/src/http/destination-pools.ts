import { type ProxiedResource } from '#injection';
import { Pool } from 'undici';
import { destinationConnector } from './destination-connector.js';

const HEADER_BYTES_MAX = 16 * 1024;
const KEEP_ALIVE_MS = 10_000;
const KEEP_ALIVE_MS_MAX = 60_000;

interface VersionedPool {
  readonly version: number;
  readonly origin: string;
  readonly pool: Pool;
}

/**
 * Connections by resource and credential version: a connection that was used with one version is never used with
 * another. A newer version retires the older pool, which ends its requests and closes.
 */
export class DestinationPools {
  readonly #current = new Map<string, VersionedPool>();
  readonly #retired = new Set<Pool>();
  #closed = false;

  /** Undefined once closed. */
  of(resource: ProxiedResource, version: number): Pool | undefined {
    if (this.#closed) return undefined;
    const current = this.#current.get(resource.id);
    if (current?.version === version && current.origin === resource.destination.origin) {
      return current.pool;
    }
    const pool = openPool(resource);
    if (current === undefined || current.version <= version) {
      this.#current.set(resource.id, { version, origin: resource.destination.origin, pool });
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

/** Resolves when the pool is closed, whether its requests ended or were cut. */
const closed = (pool: Pool): Promise<void> => pool.close().catch(() => undefined);

const openPool = (resource: ProxiedResource): Pool =>
  new Pool(resource.destination.origin, {
    connect: destinationConnector(resource),
    connections: resource.limits.concurrencyMax,
    pipelining: 1,
    headersTimeout: resource.limits.headersTimeoutMs,
    bodyTimeout: resource.limits.idleTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS_MAX,
    maxHeaderSize: HEADER_BYTES_MAX,
  });
