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
  /** When it was asked for last. */
  usedAtMs: number;
}

/** A secret that was deleted and written anew is numbered from 1 again: then the greater number is the old one. */
const OUT_OF_USE_MS = 60_000;

/**
 * Connections by resource and credential version: a connection that was used with one version is never used with
 * another, nor is its TLS session resumed. A newer version retires the older pool, which ends its requests and closes. So
 * does one with a lower number, when nobody has asked for the other for a minute.
 */
export class VersionedPools<Pool extends ConnectionPool> {
  readonly #current = new Map<string, VersionedPool<Pool>>();
  readonly #retired = new Set<Pool>();
  #closed = false;

  /** `nowMs`: of a clock that never goes back. */
  constructor(
    private readonly open: (request: PooledRequest) => Pool,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Undefined once closed. */
  of(request: PooledRequest): Pool | undefined {
    if (this.#closed) return undefined;
    const { resource, credentialVersion: version, tlsIdentity } = request;
    const current = this.#current.get(resource.id);
    const usedAtMs = this.nowMs();
    if (current !== undefined && isFor(current, request)) {
      current.usedAtMs = usedAtMs;
      return current.pool;
    }
    const pool = this.open(request);
    if (isReplaced(current, version, usedAtMs)) {
      const { origin } = resource.destination;
      this.#current.set(resource.id, { version, origin, tlsIdentity, pool, usedAtMs });
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

const isReplaced = (
  current: VersionedPool<unknown> | undefined,
  version: number,
  nowMs: number,
): boolean =>
  current === undefined || current.version <= version || nowMs - current.usedAtMs >= OUT_OF_USE_MS;

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
