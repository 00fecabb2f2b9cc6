import { EVENT_BYTES_MAX, EventTooLarge } from '#events';
import { type Handle, type HandleChangeSum } from '#handles';
import { secondsAfter } from '#kernel';
import {
  aReceipt,
  aStateEvent,
  type HandleStoreUnderTest,
  ISSUED,
  revocation,
  REVOKED,
  SOON,
  suspension,
} from './handle-store-under-test.js';

type Under = () => HandleStoreUnderTest;
type Issued = (overrides?: Partial<Handle>) => Promise<Handle>;

const named = { scope: 'resource', id: 'ordered' } as const;
const TARGET = 'resource:ordered';

/** What every HandleStore must do with orders that have a receipt, and with what is told of their targets. */
export function handleOrdersContract(under: Under, issued: Issued): void {
  receipts(under, issued);
  states(under, issued);
  hiddenStates(under);

  it('tells of many handles which may make no call any more', async () => {
    const [live, revoked, suspended] = [await issued(), await issued(), await issued()];
    const { control, store, twin } = under();
    await store.revoke(revocation({ scope: 'handle', id: revoked.id }));
    await control.suspend(suspension({ scope: 'handle', id: suspended.id }));
    const ids = [live, revoked, suspended].map(({ id }) => id);
    expect(await twin.endedAmong([...ids, 'hdl_none'])).toEqual(
      new Set([revoked.id, suspended.id, 'hdl_none']),
    );
    expect(await twin.endedAmong([])).toEqual(new Set());
    expect(await twin.endedAmong([live.id])).toEqual(new Set());
  });
}

function receipts(under: Under, issued: Issued): void {
  const order = (mark?: string) => ({
    action: 'revoke' as const,
    ...revocation(named),
    receipt: aReceipt('order-1', mark),
  });

  it('carries an order with a receipt out once, whoever issues meanwhile, and says where it came from', async () => {
    const { control, receipts: kept } = under();
    const first = await issued({ resource: 'ordered' });
    expect(await kept.find(order().receipt.key)).toBeUndefined();
    expect(await control.change(order('there'))).toMatchObject({ kind: 'changed' });
    const second = await issued({ resource: 'ordered' });
    expect(await control.change(order('elsewhere'))).toEqual({ kind: 'repeated', mark: 'there' });
    expect(await kept.find(order().receipt.key)).toBe('there');
    expect(await under().eventTypes(first.id)).toEqual([ISSUED, REVOKED]);
    expect(await under().eventTypes(second.id)).toEqual([ISSUED]);
    expect(await under().eventTypes('order-1')).toHaveLength(1);
  });

  it('carries an order out once when it comes several times at once', async () => {
    const { control } = under();
    await issued({ resource: 'ordered' });
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => control.change(order())));
    expect(outcomes.filter(({ kind }) => kind === 'changed')).toHaveLength(1);
    expect(await under().eventTypes('order-1')).toHaveLength(1);
  });

  it('writes handles, receipt and events together or not at all', async () => {
    const { control, receipts: kept, suspensions } = under();
    const handle = await issued({ resource: 'ordered' });
    const receipt = {
      ...aReceipt('order-1'),
      eventsOf: () => [{ ...aStateEvent('order-1'), subject: 'x'.repeat(EVENT_BYTES_MAX) }],
    };
    const attempt = control.change({ action: 'suspend', ...suspension(named), receipt });
    await expect(attempt).rejects.toThrow(EventTooLarge);
    expect(await control.findById(handle.id)).toEqual(handle);
    expect(await kept.find(receipt.key)).toBeUndefined();
    expect(await suspensions.list({ limit: 5 })).toEqual([]);
    expect(await under().eventTypes(handle.id)).toEqual([ISSUED]);
  });

  it('keeps the receipt of an order that changes nothing, once', async () => {
    const { receipts: kept } = under();
    const marks = await Promise.all(
      ['a', 'b', 'c'].map((mark) => kept.keep(aReceipt('none', mark))),
    );
    expect(marks.filter((mark) => mark === undefined)).toHaveLength(1);
    expect(await under().eventTypes('none')).toHaveLength(1);
  });

  it('forgets a receipt when it has expired, and not before', async () => {
    const { receipts: kept } = under();
    const receipt = aReceipt('old');
    await kept.keep(receipt);
    expect(await kept.purge(receipt.expiresAt)).toBe(0);
    expect(await kept.purge(secondsAfter(receipt.expiresAt, 1))).toBe(1);
    expect(await kept.find(receipt.key)).toBeUndefined();
  });
}

function states(under: Under, issued: Issued): void {
  const told = () => {
    const sums: HandleChangeSum[] = [];
    const stateOf = (sum: HandleChangeSum) => {
      sums.push(sum);
      return aStateEvent(TARGET);
    };
    return { sums, stateOf };
  };

  it('tells of a target what was changed and until when that matters, and nothing when nothing was', async () => {
    const { control } = under();
    const { sums, stateOf } = told();
    const late = secondsAfter(SOON, 500);
    await issued({ resource: 'ordered', expiresAt: late });
    await control.revoke({ ...revocation(named), stateOf });
    await control.revoke({ ...revocation(named), stateOf });
    await issued({ resource: 'ordered' });
    await control.revoke({ ...revocation(named), stateOf });
    expect(sums).toEqual([
      { handles: 1, until: late, familyId: undefined },
      { handles: 1, until: late, familyId: undefined },
    ]);
    expect(await under().eventTypes(TARGET)).toHaveLength(2);
  });

  it('tells of a suspension without handles, and of its end, and of which family a handle is', async () => {
    const { control } = under();
    const { sums, stateOf } = told();
    await control.suspend({ ...suspension(named), stateOf });
    await control.resume({ ...revocation(named), stateOf });
    const { id, familyId, expiresAt } = await issued();
    await control.revoke({ ...revocation({ scope: 'handle', id }), stateOf });
    expect(sums).toEqual([
      { handles: 0, until: SOON, familyId: undefined },
      { handles: 0, until: SOON, familyId: undefined },
      { handles: 1, until: expiresAt, familyId },
    ]);
  });

  it('clears a target once its last handle has expired and no suspension stands on it', async () => {
    const { control, states: targets } = under();
    const { stateOf } = told();
    await issued({ resource: 'ordered' });
    await control.suspend({ ...suspension(named), stateOf });
    const later = secondsAfter(SOON, 10_000);
    expect(await targets.clear(later, aStateEvent)).toBe(0);
    await control.resume({ ...revocation(named), stateOf });
    expect(await targets.clear(SOON, aStateEvent)).toBe(0);
    expect(await targets.clear(later, aStateEvent)).toBe(1);
    expect(await targets.clear(later, aStateEvent)).toBe(0);
    expect(await under().eventTypes(TARGET)).toHaveLength(3);
  });
}

function hiddenStates(under: Under): void {
  it('does not say that a target is resumed while another suspension of it stands', async () => {
    const { control } = under();
    const states: string[] = [];
    const told = (action: string) => ({
      stateOf: () => {
        states.push(action);
        return aStateEvent(action);
      },
    });
    const within = new Set(['https://idp.test']);
    await control.suspend(suspension(named, told('suspended')));
    await control.suspend(suspension(named, { within, ...told('suspended') }));
    await control.resume({ ...revocation(named), within, ...told('resumed') });
    expect(states).toEqual(['suspended', 'suspended']);
    expect(await under().eventTypes('resumed')).toEqual([]);
    await control.resume({ ...revocation(named), ...told('resumed') });
    expect(states.at(-1)).toBe('resumed');
    expect(await under().eventTypes('resumed')).toHaveLength(1);
  });
}
