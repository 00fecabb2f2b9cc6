import {
  type Handle,
  type HandleChange,
  type HandleChangeOutcome,
  type HandleFilter,
  type HandleIssue,
  type HandleOrigin,
  HandleStore,
  type IssueOutcome,
  type SubjectTokenHistory,
  type SubjectTokenUse,
  SubjectTokenUses,
} from '#handles';
import { type Digest } from '#kernel';
import { changeInMemory } from './in-memory-handle-change.js';
import { InMemoryHandleRecords, type StoredUse } from './in-memory-handle-records.js';

export { InMemoryHandleRecords };

const LIST_LIMIT_MAX = 500;

/** Handles in memory. Each write runs without a pause, so that of many at once one is the first. */
export class InMemoryHandleStore extends HandleStore {
  /** Digests that were looked up, in order. */
  readonly lookedUp: Digest[] = [];

  constructor(readonly records = new InMemoryHandleRecords()) {
    super();
  }

  override async issue({ handle, use, events }: HandleIssue): Promise<IssueOutcome> {
    this.records.assertReachable();
    if (this.records.orders.isSuspended(handle)) return 'suspended';
    if (use === undefined) return this.#issueFromParent(handle, events);
    const known = this.records.uses.get(use.key);
    if (known !== undefined && known.uses >= (use.usesMax ?? Number.POSITIVE_INFINITY)) {
      return 'spent';
    }
    this.#assertNew(handle);
    this.records.journal.record(events);
    this.records.uses.set(use.key, used(known, use));
    this.records.handles.set(handle.id, handle);
    return 'issued';
  }

  override async findByDigest(digest: Digest): Promise<Handle | undefined> {
    this.lookedUp.push(digest);
    this.records.assertReachable();
    return [...this.records.handles.values()].find((handle) => handle.digest === digest);
  }

  override async endedAmong(ids: readonly string[]): Promise<ReadonlySet<string>> {
    this.records.assertReachable();
    return new Set(ids.filter((id) => this.records.handles.get(id)?.status !== 'active'));
  }

  override async findById(id: string): Promise<Handle | undefined> {
    this.records.assertReachable();
    return this.records.handles.get(id);
  }

  override async change(change: HandleChange): Promise<HandleChangeOutcome> {
    this.records.assertReachable();
    return changeInMemory(this.records, change);
  }

  override async origins(now: Date): Promise<readonly HandleOrigin[]> {
    this.records.assertReachable();
    const origins = [...this.records.handles.values()]
      .filter(({ status, expiresAt }) => status !== 'revoked' && expiresAt > now)
      .map(({ subject, subjectTokenKeyId, grant }): HandleOrigin => ({
        issuer: subject.issuer,
        keyId: subjectTokenKeyId,
        grantId: grant.id,
        grantDigest: grant.digest,
      }));
    return [...new Map(origins.map((origin) => [JSON.stringify(origin), origin])).values()];
  }

  override async list(filter: HandleFilter): Promise<readonly Handle[]> {
    this.records.assertReachable();
    return [...this.records.handles.values()]
      .filter((handle) => isWanted(handle, filter))
      .sort((one, other) => (one.id < other.id ? -1 : 1))
      .slice(0, Math.max(1, Math.min(filter.limit, LIST_LIMIT_MAX)));
  }

  #issueFromParent(handle: Handle, events: HandleIssue['events']): IssueOutcome {
    const parent = this.records.handles.get(handle.parentId ?? '');
    if (parent === undefined || !hasRoomFor(parent, handle)) return 'orphaned';
    this.#assertNew(handle);
    this.records.journal.record(events);
    const callsUsed = parent.callsUsed + handle.maxCalls;
    this.records.handles.set(parent.id, { ...parent, callsUsed });
    this.records.handles.set(handle.id, handle);
    return 'issued';
  }

  #assertNew({ id, digest }: Handle): void {
    const taken = [...this.records.handles.values()].some(
      (handle) => handle.id === id || handle.digest === digest,
    );
    if (taken) throw new Error('a handle with that id or digest is stored already');
  }
}

/** The memory against replay, on the records of a handle store. */
export class InMemorySubjectTokenUses extends SubjectTokenUses {
  constructor(private readonly records: InMemoryHandleRecords) {
    super();
  }

  override async find(key: Digest): Promise<SubjectTokenHistory | undefined> {
    this.records.assertReachable();
    const use = this.records.uses.get(key);
    if (use === undefined) return undefined;
    const { uses, environment, firstExchangeId, familyId } = use;
    return { uses, environment, firstExchangeId, familyId };
  }

  override async purge(now: Date): Promise<number> {
    this.records.assertReachable();
    const expired = [...this.records.uses].filter(([, { expiresAt }]) => expiresAt < now);
    for (const [key] of expired) this.records.uses.delete(key);
    return expired.length;
  }
}

const hasRoomFor = (parent: Handle, child: Handle): boolean =>
  parent.status === 'active' &&
  parent.expiresAt > child.issuedAt &&
  parent.expiresAt >= child.expiresAt &&
  parent.callsUsed + child.maxCalls <= parent.maxCalls;

const used = (known: StoredUse | undefined, use: SubjectTokenUse): StoredUse =>
  known === undefined
    ? {
        uses: 1,
        environment: use.environment,
        firstExchangeId: use.exchangeId,
        familyId: use.familyId,
        expiresAt: use.expiresAt,
      }
    : { ...known, uses: known.uses + 1 };

function isWanted(handle: Handle, filter: HandleFilter): boolean {
  const { resource, subjectId, familyId, status, fingerprint, after } = filter;
  const equal = [
    [resource, handle.resource],
    [subjectId, handle.subject.id],
    [familyId, handle.familyId],
    [status, handle.status],
  ];
  return (
    equal.every(([wanted, found]) => wanted === undefined || wanted === found) &&
    handle.digest.startsWith(fingerprint ?? '') &&
    (after === undefined || handle.id > after)
  );
}
