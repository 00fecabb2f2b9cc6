import * as crypto from 'node:crypto';
import { Buffer } from 'node:buffer';
import { type CheckpointKey } from './checkpoint-key.js';
import { fromBase64 } from './strict-base64.js';

const KEY_ID_BYTES = 4;
const SIGNATURE_BYTES = 64;
const LINE = /^\u2014 (\S+) (\S+)$/;

/** Who signed, as far as a note says it: 4 bytes that stand for name and key. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: Buffer;
  readonly signature: Buffer;
}

/** A text and who signed it (C2SP signed-note). */
export interface SignedNote {
  /** With its last line end. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function writeNote(text: string, { name, keyId, signature }: NoteSignature): string {
  return `${text}\n\u2014 ${name} ${Buffer.concat([keyId, signature]).toString('base64')}\n`;
}

/** Undefined for what is no signed note. What is signed, and by whom, is not yet known to be true. */
export function parseNote(note: string): SignedNote | undefined {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) return undefined;
  const lines = note.slice(end + 2, -1).split('\n');
  const signatures = lines.map(parseSignature);
  if (!signatures.every((signature) => signature !== undefined)) return undefined;
  return { text: note.slice(0, end + 1), signatures };
}

function parseSignature(line: string): NoteSignature | undefined {
  const [, name, encoded = ''] = LINE.exec(line) ?? [];
  const bytes = fromBase64(encoded);
  if (name === undefined || bytes === undefined || bytes.length <= KEY_ID_BYTES) return undefined;
  const [keyId, signature] = [bytes.subarray(0, KEY_ID_BYTES), bytes.subarray(KEY_ID_BYTES)];
  return { name, keyId, signature };
}

/** Whether one of the signatures is of this key. Those of others, such as witnesses, do not count and do not harm. */
export function isSignedBy({ text, signatures }: SignedNote, key: CheckpointKey): boolean {
  return signatures.some(
    ({ name, keyId, signature }) =>
      name === key.name &&
      keyId.equals(key.id) &&
      signature.length === SIGNATURE_BYTES &&
      crypto.verify(null, Buffer.from(text), key.publicKey, signature),
  );
}
