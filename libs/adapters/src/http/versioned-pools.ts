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
/** An older version is for calls that began before the change, and for those that the newer one is refused to. */
const OLDER_OUT_OF_USE_MS = 10_000;

/**
 * Connections by resource and credential version: a connection that was used with one version is never used with
 * another, nor is its TLS session resumed. A newer version retires the older pool, which ends its requests and closes. So
 * does one with a lower number, when nobody has asked for the other for a minute. Until then there is one pool for an older
 * version beside, which closes when it is out of use for ten seconds.
 */
export class VersionedPools<Pool extends ConnectionPool> {
  readonly #current = new Map<string, VersionedPool<Pool>>();
  readonly #older = new Map<string, VersionedPool<Pool>>();
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
    const replaces = isReplaced(current, version, usedAtMs);
    const older = replaces ? undefined : this.#older.get(resource.id);
    if (older !== undefined && isFor(older, request)) {
      older.usedAtMs = usedAtMs;
      return older.pool;
    }
    const { origin } = resource.destination;
    const opened = { version, origin, tlsIdentity, usedAtMs, pool: this.open(request) };
    this.#put(replaces ? this.#current : this.#older, resource.id, opened);
    if (!replaces) this.#closeOutOfUse(resource.id, opened);
    return opened.pool;
  }

  #put(
    pools: Map<string, VersionedPool<Pool>>,
    resourceId: string,
    opened: VersionedPool<Pool>,
  ): void {
    const before = pools.get(resourceId);
    pools.set(resourceId, opened);
    if (before !== undefined) this.#retire(before.pool);
  }

  #closeOutOfUse(resourceId: string, older: VersionedPool<Pool>): void {
    setTimeout(() => {
      if (this.#older.get(resourceId) !== older) return;
      if (this.nowMs() - older.usedAtMs < OLDER_OUT_OF_USE_MS) {
        this.#closeOutOfUse(resourceId, older);
        return;
      }
      this.#older.delete(resourceId);
      this.#retire(older.pool);
    }, OLDER_OUT_OF_USE_MS).unref();
  }

  /** Lets requests in flight finish within the deadline, then cuts them. */
  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    for (const opened of [this.#current, this.#older]) {
      for (const { pool } of opened.values()) this.#retire(pool);
      opened.clear();
    }
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
