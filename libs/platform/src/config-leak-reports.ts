import { resolve } from 'node:path';
import { z } from 'zod';
import { confidentialUrl, id, reviewDay, text } from './config-values.js';
import { type LeakReporterEntry } from './postern-config.js';

/** Who may report that handles lie in public: one entry of `leakReports`. */
export const leakReporter = z.strictObject({
  id,
  as: z
    .literal('github')
    .describe('the protocol: that of the GitHub secret scanning partner program'),
  keys: z
    .union(
      [
        z.strictObject({ file: text.describe('its public keys; relative to this file') }),
        z.strictObject({ uri: confidentialUrl }),
      ],
      'expected { uri: <https URL> } or { file: <path> }',
    )
    .describe('such as https://api.github.com/meta/public_keys/secret_scanning'),
  owner: text,
  purpose: text,
  reviewBy: reviewDay.describe('the last day (UTC) on which it is believed'),
});

type LeakReporterFile = z.output<typeof leakReporter>;

/** From an entry of `leakReports` as people write it to what the process works with. */
export const leakReporterEntry = (
  { id: reporterId, keys, owner, purpose, reviewBy }: LeakReporterFile,
  folder: string,
): LeakReporterEntry => ({
  ...{ id: reporterId, owner, purpose, reviewBy },
  keys:
    'file' in keys
      ? { kind: 'file', path: resolve(folder, keys.file) }
      : { kind: 'uri', uri: keys.uri },
});
