import fc from 'fast-check';
import { askedRange, sliceOf } from './byte-range.js';

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-9', 100, { first: 0, end: 10 }],
    ['bytes=90-', 100, { first: 90, end: 100 }],
    ['bytes=-10', 100, { first: 90, end: 100 }],
    ['bytes=-1000', 100, { first: 0, end: 100 }],
    ['bytes=50-1000', 100, { first: 50, end: 100 }],
    ['bytes=100-', 100, undefined],
    ['bytes=-0', 100, undefined],
    ['bytes=0-', 0, undefined],
  ])('%s of %i bytes', (header, total, slice) => {
    expect(sliceOf(askedRange(header)!, total)).toEqual(slice);
  });

  it.each(['bytes=9-0', 'bytes=0-1,3-4', 'items=0-1', 'bytes=', 'bytes=-', 'bytes=a-b', ''])(
    'ignores %j',
    (header) => {
      expect(askedRange(header)).toBeUndefined();
    },
  );

  it('never reaches outside of the whole', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(100), (first, last, total) => {
        const range = askedRange(`bytes=${first}-${last}`);
        const slice = range === undefined ? undefined : sliceOf(range, total);
        if (slice === undefined) return;
        expect(slice.first).toBeLessThan(slice.end);
        expect(slice.end).toBeLessThanOrEqual(total);
      }),
    );
  });
});
