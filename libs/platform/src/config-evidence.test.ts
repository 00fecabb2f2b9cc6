import { evidence, evidenceEntry } from './config-evidence.js';

describe('evidence of postern.yaml', () => {
  const read = (written: unknown): unknown => evidenceEntry(evidence.parse(written));

  it('is 20 GiB and a quarter of an hour when nothing is said', () => {
    expect(read({})).toEqual({ outboxBytesMax: 20 * 1024 ** 3, strictGraceSeconds: 900 });
  });

  it('takes a size and a duration, also none', () => {
    expect(read({ outboxBudget: '64KiB', strictGrace: '0s' })).toEqual({
      outboxBytesMax: 65_536,
      strictGraceSeconds: 0,
    });
  });

  it.each([
    ['no budget at all', { outboxBudget: 'unlimited' }],
    ['a number', { outboxBudget: 1024 }],
    ['a budget of nothing', { outboxBudget: '0B' }],
    ['a grace of more than a day', { strictGrace: '25h' }],
    ['a setting that it does not know', { budget: '1GiB' }],
  ])('refuses %s', (_, written) => {
    expect(evidence.safeParse(written).success).toBe(false);
  });
});
