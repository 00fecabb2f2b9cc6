import fc from 'fast-check';
import { aHandle, aProxiedResource } from '#testing';
import { Bulkhead, type InFlightCall } from './bulkhead.js';
import { CallDenied } from './call-denied.js';

const RUNS = process.env['POSTERN_TEST_VOLUME'] === 'long' ? 10_000 : 300;

function aCall(
  id: string,
  handleId: string,
  [ofResource, ofHandle]: [number, number],
): InFlightCall {
  const resource = aProxiedResource();
  return {
    resource: {
      id,
      limits: { ...resource.limits, concurrencyMax: ofResource },
      handle: { ...resource.handle, concurrencyMax: ofHandle },
    },
    handle: aHandle({ id: handleId }),
  };
}

describe('the places of calls in flight', () => {
  it('are as many as the resource has, whoever takes them', () => {
    const bulkhead = new Bulkhead();
    const limits: [number, number] = [2, 2];
    bulkhead.enter(aCall('ledger', 'hdl_a', limits));
    bulkhead.enter(aCall('ledger', 'hdl_b', limits));
    expect(() => bulkhead.enter(aCall('ledger', 'hdl_c', limits))).toThrow(
      /2 calls of resource ledger are in flight/,
    );
    bulkhead.enter(aCall('archive', 'hdl_c', limits));
    expect(bulkhead.inFlight('ledger')).toBe(2);
  });

  it('are fewer for one handle, and the others of the resource stay free', () => {
    const bulkhead = new Bulkhead();
    const limits: [number, number] = [10, 1];
    bulkhead.enter(aCall('ledger', 'hdl_a', limits));
    expect(() => bulkhead.enter(aCall('ledger', 'hdl_a', limits))).toThrow(
      /1 calls of handle hdl_a are in flight/,
    );
    bulkhead.enter(aCall('ledger', 'hdl_b', limits));
    bulkhead.leave(aCall('ledger', 'hdl_a', limits));
    bulkhead.enter(aCall('ledger', 'hdl_a', limits));
  });

  it('are taken exactly up to both limits, and take no memory when they are free, for any order of calls', () => {
    const step = fc.record({
      enters: fc.boolean(),
      resource: fc.constantFrom('ledger', 'archive'),
      handle: fc.nat(3),
      which: fc.nat(20),
    });
    const limits = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 4 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), limits, (steps, [ofResource, ofHandle]) => {
        const bulkhead = new Bulkhead();
        const inside: InFlightCall[] = [];
        for (const { enters, resource, handle, which } of steps) {
          const call = aCall(resource, `hdl_${resource}_${handle}`, [ofResource, ofHandle]);
          const count = (same: (other: InFlightCall) => boolean): number =>
            inside.filter(same).length;
          if (!enters) {
            const [left] = inside.splice(which % Math.max(1, inside.length), 1);
            if (left !== undefined) bulkhead.leave(left);
            continue;
          }
          const full =
            count((other) => other.resource.id === resource) >= ofResource ||
            count((other) => other.handle.id === call.handle.id) >= ofHandle;
          const enter = (): void => bulkhead.enter(call);
          if (full) expect(enter).toThrow(CallDenied);
          else {
            enter();
            inside.push(call);
          }
          expect(bulkhead.inFlight(resource)).toBe(
            count((other) => other.resource.id === resource),
          );
        }
        for (const call of inside) bulkhead.leave(call);
        expect(bulkhead.size).toBe(0);
      }),
      { numRuns: RUNS },
    );
  });
});
