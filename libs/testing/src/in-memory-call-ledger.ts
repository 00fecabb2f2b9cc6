import { type PosternEvent } from '#events';
import { type Handle } from '#handles';
import {
  type CallFinish,
  CallLedger,
  type CallReservation,
  type CallStart,
  type FirstUse,
  type StartOutcome,
  type UnusedCalls,
} from '#injection';
import { DependencyUnavailable } from '#kernel';

type LedgerRow = Pick<Handle, 'id' | 'maxCalls' | 'status' | 'expiresAt'>;

/** A call ledger in memory, with a switch for the outage of a real one. */
export class InMemoryCallLedger extends CallLedger {
  readonly #handles = new Map<string, { row: LedgerRow; used: number; told: boolean }>();
  readonly #open = new Map<string, CallStart>();
  readonly #ended = new Set<string>();
  #away = false;

  /** Calls that were counted, in order. */
  readonly started: CallStart[] = [];
  /** Events of the calls that ended, in order. */
  readonly completed: PosternEvent<'dev.postern.call.completed.v1'>[] = [];

  /** Events of the first calls of handles, in order. */
  readonly firstUses: FirstUse[] = [];

  /** Makes a handle known, or changes what is known of it; its count stays. */
  put(row: LedgerRow): void {
    const { used, told } = this.#handles.get(row.id) ?? { used: 0, told: false };
    this.#handles.set(row.id, { row, used, told });
  }

  callsUsed(handleId: string): number {
    return this.#handles.get(handleId)?.used ?? 0;
  }

  /** From now on `start` fails as it does without a database. */
  goAway(away = true): void {
    this.#away = away;
  }

  override async start(call: CallStart): Promise<StartOutcome> {
    if (this.#away) throw new DependencyUnavailable('ledger', 'the ledger is told to be away');
    const handle = this.#handles.get(call.handleId);
    if (handle?.row.status !== 'active' || handle.row.expiresAt <= call.startedAt) {
      return 'not-live';
    }
    if (handle.used >= handle.row.maxCalls) return 'exhausted';
    handle.used += 1;
    this.#tell(handle, call.firstUse);
    this.#open.set(call.callId, call);
    this.started.push(call);
    return 'started';
  }

  override async reserve({
    handleId,
    needed,
    wanted,
    at,
    firstUse,
  }: CallReservation): Promise<number | Exclude<StartOutcome, 'started'>> {
    if (this.#away) throw new DependencyUnavailable('ledger', 'the ledger is told to be away');
    const handle = this.#handles.get(handleId);
    if (handle?.row.status !== 'active' || handle.row.expiresAt <= at) return 'not-live';
    const left = handle.row.maxCalls - handle.used;
    const granted = Math.min(left, Math.max(needed, Math.min(wanted, Math.floor(left / 8))));
    handle.used += granted;
    if (granted > 0) this.#tell(handle, firstUse);
    return granted > 0 ? granted : 'exhausted';
  }

  override async release(unused: readonly UnusedCalls[]): Promise<void> {
    if (this.#away) throw new DependencyUnavailable('ledger', 'the ledger is told to be away');
    for (const { handleId, calls } of unused) {
      const handle = this.#handles.get(handleId);
      if (handle !== undefined) handle.used -= calls;
    }
  }

  /** Told by tests: whether the ends of more calls can be kept. */
  hasRoom = true;

  override finish({ callId, event }: CallFinish): void {
    this.#open.delete(callId);
    if (this.#ended.has(callId)) return;
    this.#ended.add(callId);
    this.completed.push(event);
  }

  override async flush(): Promise<void> {
    return Promise.resolve();
  }

  override async sweep(
    before: Date,
    eventOf: (call: CallStart) => PosternEvent<'dev.postern.call.completed.v1'>,
  ): Promise<number> {
    const lost = [...this.#open.values()].filter(({ startedAt }) => startedAt < before);
    for (const call of lost) this.finish({ callId: call.callId, event: eventOf(call) });
    return lost.length;
  }

  #tell(handle: { told: boolean }, firstUse: FirstUse | undefined): void {
    if (handle.told || firstUse === undefined) return;
    handle.told = true;
    this.firstUses.push(firstUse);
  }
}
