import { sha256 } from '#kernel';
import { type TreeHead } from './merkle-proofs.js';
import { HASH_BYTES } from './merkle-hash.js';
import { fromBase64 } from './strict-base64.js';

/**
 * A head of the log (C2SP tlog-checkpoint): the log, how many events it has, the head of their Merkle tree, and, as an
 * extension line, the checkpoint before.
 */
export interface Checkpoint extends TreeHead {
  /** `log_id`: names this log, and no other. */
  readonly origin: string;
  /** SHA-256 of the text of the checkpoint before, 64 hexadecimal digits; 64 zeros in the first. */
  readonly previous: string;
}

export const NO_CHECKPOINT = '0'.repeat(64);

/** The text that is signed: four lines, each with its line end. */
export const checkpointText = ({ origin, size, root, previous }: Checkpoint): string =>
  `${origin}\n${size}\n${root.toString('base64')}\nprev ${previous}\n`;

/** What the next checkpoint names this one by: its text alone, as one text can have many signatures. */
export const checkpointHash = (checkpoint: Checkpoint): string =>
  sha256(checkpointText(checkpoint));

/** Origin, size, head and the checkpoint before, and nothing else. */
const TEXT = /^([^\n]+)\n([1-9][0-9]{0,14})\n([^\n]+)\nprev ([0-9a-f]{64})\n$/;

/** Undefined for what is not written as `checkpointText` writes it. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [, origin = '', size, root = '', previous = ''] = TEXT.exec(text) ?? [];
  const hash = fromBase64(root);
  if (!isOrigin(origin) || hash?.length !== HASH_BYTES) return undefined;
  return { origin, size: Number(size), root: hash, previous };
}

const ORIGIN = /^[\x21-\x2a\x2c-\x7e]{1,200}$/;

/** Printable, and without what a signed note cannot have in a name: white space and `+`. */
export const isOrigin = (text: string): boolean => ORIGIN.test(text);
