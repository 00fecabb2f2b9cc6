import { z } from 'zod';
import { keyLocation } from './compile-issuers.js';
import { keys, signatureAlgorithms } from './config-issuers.js';
import { httpUrl, id, reviewDay, text } from './config-values.js';
import { type SignalEntry } from './postern-config.js';

const SUBJECTS_MAX = 1000;

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
  owner: text,
  purpose: text,
  reviewBy: reviewDay.describe('the last day (UTC) on which the transmitter is believed'),
});

type SignalFile = z.output<typeof signal>;

/** From an entry of `signals` as people write it to what the process works with. */
export const signalEntry = (
  { keys: written, ...terms }: SignalFile,
  folder: string,
): SignalEntry => ({
  ...terms,
  keys: keyLocation(written, folder),
  allowPrivateKeyEndpoint: written.allowPrivate,
});
