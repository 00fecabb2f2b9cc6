import { randomInt } from 'node:crypto';
import { hostname } from 'node:os';
import { performance } from 'node:perf_hooks';
import { OUTBOX_SHARDS, OutboxLeaseLost } from '#events';
import { DependencyUnavailable } from '#kernel';
import { type PostgresSession } from './postgres-connection.js';
import { type PostgresDatabase } from './postgres-database.js';

export interface LeaseOptions {
  /** A relay that stands still for so long loses its leases; default 15 s, at least 1 s. */
  readonly idleTimeoutMs?: number;
  /** Shown in `relay_lease`; default host name and process id. */
  readonly holder?: string;
}

/** First half of an advisory lock, the second is the shard. It spells "post". */
const SHARD_LOCKS = 1_886_352_244;
/** Each relay holds one of these, whose second half is its backend: so they know of each other, and the dead are gone. */
const RELAY_LOCKS = 1_886_352_246;
const IDLE_TIMEOUT_MS = 15_000;
/** So often within the time after which the lease is lost. */
const BEATS = 4;
const ALL_SHARDS = Array.from({ length: OUTBOX_SHARDS }, (_, shard) => shard);

const COUNT_RELAYS = `
  select count(*)::integer as relays from pg_locks
  where locktype = 'advisory' and granted and classid = ${RELAY_LOCKS}::bigint::oid and objsubid = 2
    and database = (select oid from pg_database where datname = current_database())`;

// One row after the other is asked for its lock, until there are enough.
const TAKE_LOCKS = `
  select shard from unnest($1::integer[]) as shard where pg_try_advisory_lock(${SHARD_LOCKS}, shard) limit $2`;

const TAKE_ROWS = `
  update public.relay_lease set holder = $2, epoch = epoch + 1, renewed_at = clock_timestamp()
  where shard = any($1::smallint[]) returning shard, epoch`;

const RENEW_ROWS = `
  update public.relay_lease lease set renewed_at = clock_timestamp()
  from unnest($1::smallint[], $2::bigint[]) as mine(shard, epoch)
  where lease.shard = mine.shard and lease.epoch = mine.epoch returning 1`;

const GIVE_UP = `
  with given as (
    update public.relay_lease lease set holder = null, renewed_at = clock_timestamp()
    from unnest($1::smallint[], $2::bigint[]) as mine(shard, epoch)
    where lease.shard = mine.shard and lease.epoch = mine.epoch
  )
  select pg_advisory_unlock(${SHARD_LOCKS}, shard) from unnest($1::integer[]) as shard`;

/**
 * The shards that one relay holds. A shard is an advisory lock of one session: when the session is gone, so is the lock.
 * The server ends the session of a process that stands still; one that runs says so a few times within that time, also
 * while it waits for something else. Each taking gives the shard another epoch, which fences: see PostgresOutbox.
 */
export class ShardLeases {
  readonly #idleTimeoutMs: number;
  readonly #holder: string;
  #session: PostgresSession | undefined;
  /** Shard to epoch. */
  #held = new Map<number, string>();
  #beat: NodeJS.Timeout | undefined;
  /** Beginning of the last statement that was answered: the server counts from later on. */
  #aliveAtMs = 0;

  constructor(
    private readonly database: PostgresDatabase,
    { idleTimeoutMs = IDLE_TIMEOUT_MS, holder = `${hostname()}/${process.pid}` }: LeaseOptions,
  ) {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#holder = holder;
  }

  /** In order. */
  get shards(): readonly number[] {
    return [...this.#held.keys()].sort((one, other) => one - other);
  }

  /** Undefined while nothing is held. */
  get session(): PostgresSession | undefined {
    return this.#held.size === 0 ? undefined : this.#session;
  }

  epochOf(shard: number): string | undefined {
    return this.#held.get(shard);
  }

  /** Ends at a fair share of all relays that live: what is beyond goes to those who have less. @throws OutboxLeaseLost */
  async take(): Promise<void> {
    const session = await this.#open();
    await this.inSession(session, async () => {
      const [{ relays } = { relays: 1 }] = await session.query<{ relays: number }>(COUNT_RELAYS);
      const share = Math.ceil(OUTBOX_SHARDS / Math.max(relays, 1));
      if (this.#held.size > share) await this.#giveUp(session, this.shards.slice(share));
      if (this.#held.size < share) await this.#takeFree(session, share - this.#held.size);
    });
  }

  /** Without asking the server: whether the session can still be there. @throws OutboxLeaseLost */
  assertAlive(session: PostgresSession): void {
    const silentMs = performance.now() - this.#aliveAtMs;
    if (session === this.#session && session.isOpen && silentMs < this.#idleTimeoutMs) return;
    this.#end(session);
    throw leaseLost();
  }

  /** Whatever goes wrong in the session, its leases are not to be relied on any more: it ends. */
  async inSession<T>(session: PostgresSession, work: () => Promise<T>): Promise<T> {
    if (session !== this.#session) throw leaseLost();
    if (!session.isOpen) {
      this.#end(session);
      throw leaseLost();
    }
    const beganMs = performance.now();
    try {
      const result = await work();
      this.#aliveAtMs = Math.max(this.#aliveAtMs, beganMs);
      return result;
    } catch (error) {
      this.#end(session);
      throw error instanceof DependencyUnavailable ? leaseLost(error) : error;
    }
  }

  async close(): Promise<void> {
    const session = this.#session;
    if (session !== undefined && this.#held.size > 0) {
      await this.inSession(session, () => this.#giveUp(session, this.shards)).catch(
        () => undefined, // The end of the session gives them up as well.
      );
    }
    this.#forget();
    await session?.close();
  }

  async #open(): Promise<PostgresSession> {
    if (this.#session?.isOpen === true) return this.#session;
    this.#forget();
    const beganMs = performance.now();
    const session = await this.database.dedicated({ idleTimeoutMs: this.#idleTimeoutMs });
    this.#session = session;
    this.#aliveAtMs = beganMs;
    await this.inSession(session, () =>
      session.query(`select pg_try_advisory_lock(${RELAY_LOCKS}, pg_backend_pid())`),
    );
    this.#beat = setInterval(() => {
      void this.#renew(session);
    }, this.#idleTimeoutMs / BEATS).unref();
    return session;
  }

  async #takeFree(session: PostgresSession, count: number): Promise<void> {
    const wanted = shuffled(ALL_SHARDS.filter((shard) => !this.#held.has(shard)));
    const locked = await session.query<{ shard: number }>(TAKE_LOCKS, [wanted, count]);
    if (locked.length === 0) return;
    const rows = await session.query<{ shard: number; epoch: string }>(TAKE_ROWS, [
      locked.map(({ shard }) => shard),
      this.#holder,
    ]);
    if (session !== this.#session) throw leaseLost();
    for (const { shard, epoch } of rows) this.#held.set(shard, epoch);
  }

  async #giveUp(session: PostgresSession, shards: readonly number[]): Promise<void> {
    const epochs = shards.map((shard) => this.#held.get(shard));
    for (const shard of shards) this.#held.delete(shard);
    await session.query(GIVE_UP, [shards, epochs]);
  }

  /** Says that this process runs, and hears whether the shards are still its own. */
  async #renew(session: PostgresSession): Promise<void> {
    const held = [...this.#held];
    const work = async (): Promise<void> => {
      const rows = await session.query(RENEW_ROWS, [
        held.map(([shard]) => shard),
        held.map(([, epoch]) => epoch),
      ]);
      if (rows.length < held.length) throw leaseLost();
    };
    await this.inSession(session, work).catch(() => undefined); // Whoever uses the session next learns of it.
  }

  #end(session: PostgresSession): void {
    if (session === this.#session) this.#forget();
    void session.close().catch(() => undefined); // It may be broken already.
  }

  #forget(): void {
    clearInterval(this.#beat);
    this.#session = undefined;
    this.#held = new Map();
  }
}

/** So that relays that start at once do not all ask for the same shard first. */
function shuffled(shards: readonly number[]): number[] {
  const rest = [...shards];
  return shards.map(() => rest.splice(randomInt(rest.length), 1)[0] ?? 0);
}

const leaseLost = (cause?: Error): OutboxLeaseLost =>
  new OutboxLeaseLost(
    'the session that held the outbox shards ended: lease again before the next send',
    cause === undefined ? undefined : { cause },
  );
