import { type PosternEvent } from '#events';
import {
  type Handle,
  type HandleChange,
  type HandleChangeOutcome,
  type HandleSelector,
  type HandleStatus,
  targetOf,
} from '#handles';
import { subjectIdOf } from '#identity';
import { type InMemoryHandleRecords } from './in-memory-handle-records.js';

type Named<S extends HandleSelector['scope']> = Extract<HandleSelector, { readonly scope: S }>;

const NAMES: {
  readonly [S in HandleSelector['scope']]: (handle: Handle, selector: Named<S>) => boolean;
} = {
  handle: (handle, { id }) => handle.id === id,
  family: ({ familyId }, { id }) => familyId === id,
  subject: ({ subject, actors }, { id }) =>
    subject.id === id || actors.map(subjectIdOf).includes(id),
  issuer: ({ subject }, { id }) => subject.issuer === id,
  grant: ({ grant }, { id, exceptDigest }) => grant.id === id && grant.digest !== exceptDigest,
  key: ({ subjectTokenKeyId, subject }, { id, issuer }) =>
    subjectTokenKeyId === id && subject.issuer === issuer,
  task: ({ task, subject }, { id, subjectId }) => task === id && subject.id === subjectId,
  resource: ({ resource }, { id }) => resource === id,
};

const isNamed = <S extends HandleSelector['scope']>(handle: Handle, selector: Named<S>): boolean =>
  NAMES[selector.scope](handle, selector);

/** Of whom the selector, which names the handle, names there. */
const issuersNamed = ({ subject, actors }: Handle, { scope, id }: HandleSelector): string[] =>
  [{ issuer: subject.issuer, id: scope === 'subject' ? subject.id : id }]
    .concat(actors.map((actor) => ({ issuer: actor.issuer, id: subjectIdOf(actor) })))
    .filter((one) => one.id === id)
    .map(({ issuer }) => issuer);

const OUTCOME: Readonly<Record<HandleChange['action'], HandleStatus>> = {
  revoke: 'revoked',
  suspend: 'suspended',
  resume: 'active',
};
const FROM: Readonly<Record<HandleChange['action'], readonly HandleStatus[]>> = {
  revoke: ['active', 'suspended'],
  suspend: ['active'],
  resume: ['suspended'],
};

/** Without a pause: either all of it is recorded, or the journal refuses and nothing is. */
export function changeInMemory(
  records: InMemoryHandleRecords,
  change: HandleChange,
): HandleChangeOutcome {
  const { receipt, selector } = change;
  const mark = receipt === undefined ? undefined : records.orders.receipts.get(receipt.key)?.mark;
  if (mark !== undefined) return { kind: 'repeated', mark };
  const before = records.orders.suspensions;
  moveSuspension(records, change);
  const handles = changedBy(records, change);
  const moved = records.orders.suspensions !== before;
  const { events, until } = told(records, change, { handles, moved });
  const after = records.orders.suspensions;
  records.orders.suspensions = before; // Until the journal has it.
  records.journal.record(events);
  records.orders.suspensions = after;
  for (const handle of handles) records.handles.set(handle.id, handle);
  if (receipt !== undefined) records.orders.receipts.set(receipt.key, receipt);
  if (until !== undefined) records.orders.states.set(targetOf(selector), until);
  return { kind: 'changed', handles };
}

function told(
  { orders }: InMemoryHandleRecords,
  change: HandleChange,
  { handles, moved }: { readonly handles: readonly Handle[]; readonly moved: boolean },
): { readonly events: readonly PosternEvent[]; readonly until: Date | undefined } {
  const { selector, at, eventOf, stateOf, receipt } = change;
  const events = handles.map(eventOf);
  const isTold =
    stateOf !== undefined && (moved || handles.length > 0) && !isHidden(orders, change);
  const ends = [at, ...handles.map(({ expiresAt }) => expiresAt)];
  const known = orders.states.get(targetOf(selector));
  const until = [...ends, ...(known === undefined ? [] : [known])].reduce((one, other) =>
    one > other ? one : other,
  );
  if (isTold) {
    const familyId = handles.find(({ id }) => selector.scope === 'handle' && id === selector.id);
    events.push(stateOf({ handles: handles.length, until, familyId: familyId?.familyId }));
  }
  events.push(...(receipt?.eventsOf(handles.length) ?? []));
  return { events, until: isTold ? until : undefined };
}

/** Whether somebody's suspension still stands of what is resumed. */
const isHidden = (
  { suspensions }: InMemoryHandleRecords['orders'],
  { action, selector }: HandleChange,
): boolean =>
  action === 'resume' && suspensions.some(({ target }) => target === targetOf(selector));

function changedBy(records: InMemoryHandleRecords, change: HandleChange): readonly Handle[] {
  const { action, at } = change;
  const found = withDescendants(records, change).filter(
    ({ status, expiresAt }) => FROM[action].includes(status) && expiresAt > at,
  );
  const status = OUTCOME[action];
  const changed = action === 'resume' ? resumable(records, found) : found;
  return changed.map((handle): Handle => ({ ...handle, status }));
}

/** Parents come before their children. */
function resumable(records: InMemoryHandleRecords, found: readonly Handle[]): readonly Handle[] {
  const free = new Set<string>();
  const isStopped = ({ parentId }: Handle): boolean =>
    parentId !== undefined &&
    !free.has(parentId) &&
    records.handles.get(parentId)?.status === 'suspended';
  return [...found]
    .sort((one, other) => one.chainDepth - other.chainDepth)
    .filter((handle) => {
      if (isStopped(handle) || records.orders.isSuspended(handle)) return false;
      free.add(handle.id);
      return true;
    });
}

function withDescendants(
  records: InMemoryHandleRecords,
  { selector, within }: HandleChange,
): readonly Handle[] {
  const all = [...records.handles.values()];
  const found = new Set(
    all.filter(
      (handle) =>
        isNamed(handle, selector) &&
        (within === undefined || issuersNamed(handle, selector).some((one) => within.has(one))),
    ),
  );
  for (const one of found) {
    for (const child of all) if (child.parentId === one.id) found.add(child);
  }
  return [...found];
}

function moveSuspension({ orders, handles }: InMemoryHandleRecords, change: HandleChange): void {
  const { selector, within, at } = change;
  const target = targetOf(selector);
  const issuers = within === undefined ? [] : [...within].sort();
  const isSame = (one: { target: string; issuers: readonly string[] }): boolean =>
    one.target === target && one.issuers.join(' ') === issuers.join(' ');
  if (change.action === 'suspend') {
    const { reason, initiator, initiatorId } = change;
    const staying = orders.suspensions.filter(
      (one) => !isSame(one) || one.initiator !== 'policy' || one.initiatorId === initiatorId,
    );
    if (staying.some(isSame)) return;
    const expiresAt = selector.scope === 'handle' ? handles.get(selector.id)?.expiresAt : undefined;
    if (selector.scope === 'handle' && !isThere(handles.get(selector.id), change)) return;
    const standing = { target, selector, issuers, reason, initiator, initiatorId, since: at };
    orders.suspensions = [...staying, { ...standing, expiresAt }];
  }
  if (change.action !== 'resume') return;
  const isLifted = (one: (typeof orders.suspensions)[number]): boolean =>
    one.target === target &&
    (within === undefined ||
      (one.issuers.length > 0 && one.issuers.every((issuer) => within.has(issuer))));
  if (orders.suspensions.some(isLifted)) {
    orders.suspensions = orders.suspensions.filter((one) => !isLifted(one));
  }
}

const isThere = (handle: Handle | undefined, { within, at }: HandleChange): boolean =>
  handle !== undefined &&
  handle.expiresAt > at &&
  handle.status !== 'revoked' &&
  (within === undefined || within.has(handle.subject.issuer));
