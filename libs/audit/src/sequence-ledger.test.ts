import fc from 'fast-check';
import { SequenceLedger } from './sequence-ledger.js';

describe('the ledger of sequences', () => {
  it('knows the last sequence of each key, as a map would, however many there are', () => {
    const step = fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8_000, size: 'max' }), (steps) => {
        const [ledger, map] = [new SequenceLedger(), new Map<string, number>()];
        for (const [at, sequence] of steps) {
          expect(ledger.replace(`hdl_${at}`, sequence)).toBe(map.get(`hdl_${at}`) ?? 0);
          map.set(`hdl_${at}`, sequence);
        }
        expect(ledger.size).toBe(map.size);
      }),
      { numRuns: 5 },
    );
  });

  it('keeps keys apart that differ in one character, in case or in normal form', () => {
    const ledger = new SequenceLedger();
    const keys = ['hdl_a', 'hdl_A', 'hdl_a ', '', 'caf\u00e9', 'cafe\u0301'];
    for (const [at, key] of keys.entries()) expect(ledger.replace(key, at + 1)).toBe(0);
    for (const [at, key] of keys.entries()) expect(ledger.replace(key, 9)).toBe(at + 1);
  });
});
