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
  it('goes from one key to the next, in whichever order those of before were named', () => {
    const keys = new KeySuccession(two);
    expect([[one], [one], [three], [two], [two]].map((by) => keys.admits(by))).toEqual(
      Array.from({ length: 5 }, () => true),
    );
    expect(keys.current).toBe(two);
  });

  it('does not go back to a key that was replaced, nor to the one before that', () => {
    const keys = new KeySuccession(undefined);
    for (const by of [[one], [two], [three]]) keys.admits(by);
    expect([keys.admits([two]), keys.admits([one]), keys.admits([])]).toEqual([
      false,
      false,
      false,
    ]);
    expect(keys.current).toBe(three);
  });

  it('ends with the key in use, also where the others signed nothing before', () => {
    const keys = new KeySuccession(two);
    expect([[two], [one], [three], [one, three], [two, one]].map((by) => keys.admits(by))).toEqual([
      true,
      ...[false, false, false, true],
    ]);
  });

  it('goes on to the new key where the old one signed too, in whichever order', () => {
    for (const both of [
      [one, two],
      [two, one],
    ]) {
      const keys = new KeySuccession(three);
      keys.admits([one]);
      expect([keys.admits(both), keys.current, keys.admits([one])]).toEqual([true, two, false]);
    }
  });
});
