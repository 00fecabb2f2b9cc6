import { createPublicKey } from 'node:crypto';
import { publicPemOf, seededKey } from '#testing';
import { KeySuccession } from './key-succession.js';

const [one, two, three] = [1, 2, 3].map((seed) =>
  createPublicKey(publicPemOf(seededKey(seed))),
) as [
  ReturnType<typeof createPublicKey>,
  ReturnType<typeof createPublicKey>,
  ReturnType<typeof createPublicKey>,
];

describe('the succession of keys', () => {
  it('goes from one key to the next, in whichever order they were named', () => {
    const keys = new KeySuccession();
    expect([[one], [one], [three], [two], [two]].map((by) => keys.admits(by))).toEqual(
      Array.from({ length: 5 }, () => true),
    );
    expect(keys.current).toBe(two);
  });

  it('does not go back to a key that was replaced, nor to the one before that', () => {
    const keys = new KeySuccession();
    for (const by of [[one], [two], [three]]) keys.admits(by);
    expect([keys.admits([two]), keys.admits([one]), keys.admits([])]).toEqual([
      false,
      false,
      false,
    ]);
    expect(keys.current).toBe(three);
  });

  it('stays with its key where another one signed too', () => {
    const keys = new KeySuccession();
    keys.admits([one]);
    expect(keys.admits([two, one])).toBe(true);
    expect(keys.current).toBe(one);
  });
});
