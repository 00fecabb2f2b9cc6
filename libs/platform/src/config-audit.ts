import { resolve } from 'node:path';
import { z } from 'zod';
import { duration, text } from './config-values.js';

const FORMER_KEYS_MAX = 16;

const transitPlace = z.strictObject({
  mount: text.describe('where the transit engine is enabled'),
  name: text.describe('of an Ed25519 key'),
});

const signingKey = z
  .strictObject({
    file: text.optional().describe('PEM of an Ed25519 private key; relative to this file'),
    transit: transitPlace.optional().describe('a key that Vault keeps'),
  })
  .refine(({ file, transit }) => (file === undefined) !== (transit === undefined), {
    error: 'expected either file or transit: one key signs',
  });

/** Signed checkpoints over all events: docs/audit.md. */
export const audit = z.strictObject({
  log: z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9./:-]{0,98}[a-z0-9])?$/,
      'expected 1 to 100 of a-z, 0-9, ".", "/", ":" and "-"',
    )
    .optional()
    .describe('names the log; absent: the host of publicOrigin and the environment'),
  key: signingKey,
  formerKeys: z
    .array(text)
    .max(FORMER_KEYS_MAX)
    .default([])
    .describe('PEM files of public keys that signed before; relative to this file'),
  every: duration({ max: '1h' })
    .prefault('1m')
    .describe('until events are under a checkpoint; 10,000 events do not wait so long'),
  anchor: z
    .strictObject({
      folder: text.describe(
        'outside of the database, best on another machine; relative to this file',
      ),
    })
    .optional()
    .describe('keeps checkpoints and tree where who administers the database cannot reach them'),
});

export interface AuditEntry {
  readonly log: string;
  readonly key:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'transit'; readonly mount: string; readonly name: string };
  /** Absolute paths. */
  readonly formerKeyFiles: readonly string[];
  readonly everySeconds: number;
  /** Absolute path. */
  readonly anchorFolder: string | undefined;
}

/** What names a log that is not named. */
export interface AuditSurroundings {
  readonly folder: string;
  readonly publicOrigin: string;
  readonly environment: string;
}

export function auditEntry(
  written: z.output<typeof audit>,
  { folder, publicOrigin, environment }: AuditSurroundings,
): AuditEntry {
  const { log, key, formerKeys, every, anchor } = written;
  return {
    log: log ?? `${new URL(publicOrigin).host}/${environment}`,
    key: keyEntry(key, folder),
    formerKeyFiles: formerKeys.map((file) => resolve(folder, file)),
    everySeconds: every,
    anchorFolder: anchor === undefined ? undefined : resolve(folder, anchor.folder),
  };
}

function keyEntry(
  { file, transit }: z.output<typeof signingKey>,
  folder: string,
): AuditEntry['key'] {
  return transit === undefined
    ? { kind: 'file', path: resolve(folder, file ?? '') }
    : { kind: 'transit', ...transit };
}
