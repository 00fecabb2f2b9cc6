import { z } from 'zod';

const CLASSES = ['lower', 'upper', 'digit', 'symbol'] as const;
const SYMBOLS = '-_.~';
const LENGTH_MIN = 12;
const LENGTH_MAX = 256;

/** What passwords that Postern makes look like: `rotation.password`. */
export const password = z
  .strictObject({
    length: z.int().min(LENGTH_MIN).max(LENGTH_MAX).default(32),
    classes: z
      .array(z.enum(CLASSES))
      .min(1, `expected at least one of ${CLASSES.join(', ')}`)
      .refine((names) => new Set(names).size === names.length, 'expected each once')
      .default(['lower', 'upper', 'digit'])
      .describe('of each there is at least one character'),
    symbols: z
      .string()
      .regex(/^[!-/:-@[-`{-~]{1,32}$/, 'expected 1 to 32 punctuation marks of ASCII')
      .optional()
      .describe(`with the class symbol: which marks are symbols; absent: ${SYMBOLS}`),
  })
  .refine(({ classes, symbols }) => symbols === undefined || classes.includes('symbol'), {
    path: ['symbols'],
    error: 'expected symbol among classes beside it',
  });

export interface PasswordEntry {
  readonly length: number;
  readonly classes: readonly (typeof CLASSES)[number][];
  readonly symbols: string;
}

export const passwordEntry = ({
  length,
  classes,
  symbols,
}: z.output<typeof password>): PasswordEntry => ({ length, classes, symbols: symbols ?? SYMBOLS });
