import { type TlsIdentity, type UpstreamRequest } from '#injection';

/** Connections to one destination for one credential version. */
export interface ConnectionPool {
  /** Takes no more requests; resolves when those that it has are done and its connections closed. */
  close(): Promise<void>;
  /** Cuts what is left. */
  destroy(): Promise<void>;
}

export type PooledRequest = Pick<UpstreamRequest, 'resource' | 'credentialVersion' | 'tlsIdentity'>;

interface VersionedPool<Pool> {
  readonly version: number;
  readonly origin: string;
  readonly tlsIdentity: TlsIdentity | undefined;
  readonly pool: Pool;
}

/**
 * Connections by resource and credential version: a connection that was used with one version is never used with
 * another, nor is its TLS session resumed. A newer version retires the older pool, which ends its requests and closes.
 */
export class VersionedPools<Pool extends ConnectionPool> {
  readonly #current = new Map<string, VersionedPool<Pool>>();
  readonly #retired = new Set<Pool>();
  #closed = false;

  constructor(private readonly open: (request: PooledRequest) => Pool) {}

  /** Undefined once closed. */
  of(request: PooledRequest): Pool | undefined {
    if (this.#closed) return undefined;
    const { resource, credentialVersion: version, tlsIdentity } = request;
    const current = this.#current.get(resource.id);
    if (current !== undefined && isFor(current, request)) return current.pool;
    const pool = this.open(request);
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
const isFor = (
  { version, origin, tlsIdentity }: VersionedPool<unknown>,
  request: PooledRequest,
): boolean =>
  version === request.credentialVersion &&
  origin === request.resource.destination.origin &&
  tlsIdentity?.certificate === request.tlsIdentity?.certificate &&
  tlsIdentity?.key === request.tlsIdentity?.key;

/** Resolves when the pool is closed, whether its requests ended or were cut. */
const closed = (pool: ConnectionPool): Promise<void> => pool.close().catch(() => undefined);
