import { type KeyObject } from 'node:crypto';
import { type KeptCheckpoint, AuditLogContradicted } from './audit-log.js';
import { type Checkpoint, parseCheckpoint } from './checkpoint.js';
import { checkpointKey } from './checkpoint-key.js';
import { CompactRange } from './compact-range.js';
import { isSignedBy, parseNote } from './signed-note.js';

/** A checkpoint that is known to be ours, with the tree that it is the head of. */
export interface AuthenticCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly tree: CompactRange;
}

/** Whose checkpoints count. */
export interface Authority {
  /** The id of the log. */
  readonly origin: string;
  /** The key in use, and those that were. */
  readonly publicKeys: readonly KeyObject[];
}

/** The checkpoint of a note of this log that one of the keys signed; else undefined. */
export const authenticNote = (note: string, authority: Authority): Checkpoint | undefined =>
  signedCheckpoint(note, authority)?.checkpoint;

/** The same, with those of the keys that signed it: one at least. */
export function signedCheckpoint(
  note: string,
  { origin, publicKeys }: Authority,
): { readonly checkpoint: Checkpoint; readonly signers: readonly KeyObject[] } | undefined {
  const parsed = parseNote(note);
  const checkpoint = parsed === undefined ? undefined : parseCheckpoint(parsed.text);
  if (parsed === undefined || checkpoint?.origin !== origin) return undefined;
  const signers = publicKeys.filter((one) => isSignedBy(parsed, checkpointKey(origin, one)));
  return signers.length === 0 ? undefined : { checkpoint, signers };
}

/** What the database gives back is believed as far as it is signed. @throws AuditLogContradicted */
export function authenticKept(kept: KeptCheckpoint, authority: Authority): AuthenticCheckpoint {
  const { size, note, frontier } = kept;
  const checkpoint = authenticNote(note, authority);
  if (checkpoint?.size !== size) {
    throw new AuditLogContradicted(
      `the checkpoint of size ${size} in the database is not signed by our key: see docs/runbook.md`,
    );
  }
  const tree = CompactRange.of({ begin: 0, end: size }, frontier);
  if (tree?.root().equals(checkpoint.root) !== true) {
    throw new AuditLogContradicted(
      `the tree of size ${size} in the database is not the one that was signed: see docs/runbook.md`,
    );
  }
  return { checkpoint, tree };
}
