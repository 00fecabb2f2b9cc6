import { randomInt } from 'node:crypto';
import { Secret } from '#kernel';

export const characterClasses = ['lower', 'upper', 'digit', 'symbol'] as const;
export type CharacterClass = (typeof characterClasses)[number];

export interface PasswordPolicy {
  /** 12 to 256. */
  readonly length: number;
  /** At least one character of each. */
  readonly classes: readonly CharacterClass[];
  /** What counts as a symbol: printable ASCII, no space. */
  readonly symbols: string;
}

const ALPHABETS: Readonly<Record<Exclude<CharacterClass, 'symbol'>, string>> = {
  lower: 'abcdefghijklmnopqrstuvwxyz',
  upper: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  digit: '0123456789',
};

/** A new password: uniform over all texts of the length over the alphabet that have at least one character of each class. */
export function newPassword(policy: PasswordPolicy): Secret {
  const alphabets = policy.classes.map((name) =>
    name === 'symbol' ? policy.symbols : ALPHABETS[name],
  );
  const alphabet = [...new Set(alphabets.join(''))].join('');
  for (;;) {
    const text = Array.from({ length: policy.length }, () => drawn(alphabet)).join('');
    const complete = alphabets.every((characters) =>
      Array.from(text).some((one) => characters.includes(one)),
    );
    if (complete) return Secret.of(text);
  }
}

const drawn = (alphabet: string): string => alphabet.charAt(randomInt(alphabet.length));
