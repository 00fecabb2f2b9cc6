import { z } from 'zod';
import { keyLocation } from './compile-issuers.js';
import { keys, signatureAlgorithms } from './config-issuers.js';
import { httpUrl, id, reviewDay, text } from './config-values.js';
import { type SignalEntry } from './postern-config.js';

const SUBJECTS_MAX = 1000;

const COMMAND_ACTIONS = ['revoke', 'suspend', 'resume', 'rotate'] as const;
const COMMAND_SCOPES = [
  'handle',
  'family',
  'subject',
  'issuer',
  'grant',
  'key',
  'resource',
  'task',
] as const;

const listOf = <const Names extends readonly [string, ...string[]]>(names: Names) =>
  z
    .array(z.enum(names))
    .min(1, `expected at least one of ${names.join(', ')}`)
    .refine((list) => new Set(list).size === list.length, 'expected each once');

/** Who may tell of subjects that something happened to them: one entry of `signals`. */
export const signal = z.strictObject({
  // What comes from a transmitter that is not registered is recorded under that name.
  id: id.refine((value) => value !== 'unknown', 'expected another id: this one is reserved'),
  issuer: httpUrl.describe(
    'the `iss` of its tokens, compared byte for byte; it may be that of an issuer',
  ),
  keys,
  algorithms: signatureAlgorithms,
  subjects: z
    .array(id)
    .min(1, 'expected the id of at least one issuer')
    .max(SUBJECTS_MAX)
    .describe('ids of issuers: it is believed about their subjects alone'),
  commands: z
    .strictObject({ actions: listOf(COMMAND_ACTIONS), scopes: listOf(COMMAND_SCOPES) })
    .refine(({ actions, scopes }) => !actions.includes('rotate') || scopes.includes('resource'), {
      path: ['scopes'],
      error: 'expected resource among them: that is what rotate goes by',
    })
    .optional()
    .describe('what it may command, within these subjects; absent: nothing'),
  owner: text,
  purpose: text,
  reviewBy: reviewDay.describe('the last day (UTC) on which the transmitter is believed'),
});

type SignalFile = z.output<typeof signal>;

/** From an entry of `signals` as people write it to what the process works with. */
export const signalEntry = (
  { keys: written, commands, ...terms }: SignalFile,
  folder: string,
): SignalEntry => ({
  ...terms,
  ...(commands === undefined ? {} : { commands }),
  keys: keyLocation(written, folder),
  allowPrivateKeyEndpoint: written.allowPrivate,
});
