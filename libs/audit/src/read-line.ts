import { Buffer, isUtf8 } from 'node:buffer';
import { type z } from 'zod';
import { canonicalJson } from '#kernel';
import { Broken } from './broken.js';
import { EVENT_LINE_BEGIN, type LeafLine, leafLine } from './export-lines.js';
import { leafHash, type MerkleHash } from './merkle-hash.js';
import { hashesFromBase64 } from './strict-base64.js';

/** Longer than any line of ours: an event has at most 16 KiB, and its proof less. */
export const LINE_BYTES_MAX = 1024 * 1024;
const NOT_WRITTEN_SO = 'the line is not as an export is written';

export function textOf(line: Uint8Array): string {
  if (line.length > LINE_BYTES_MAX) throw new Broken('unreadable-line', 'the line has over 1 MiB');
  if (!isUtf8(line)) throw new Broken('unreadable-line', 'the line is not UTF-8');
  return Buffer.from(line).toString('utf8');
}

/** Only what is written in the canonical form: two readers must not see two things in one line. */
export function parsed<Shape extends z.ZodType>(text: string, shape: Shape): z.output<Shape> {
  const answer = shape.safeParse(jsonOf(text));
  if (!answer.success || !isCanonical(answer.data, text)) {
    throw new Broken('unreadable-line', NOT_WRITTEN_SO);
  }
  return answer.data;
}

/** The bytes of the event itself are judged by `hashOf`. */
export function parsedLeaf(text: string): LeafLine {
  const answer = leafLine.safeParse(jsonOf(text));
  if (!answer.success) throw new Broken('unreadable-line', NOT_WRITTEN_SO);
  return answer.data;
}

/**
 * The leaf of the very bytes that stand in the line. As the hash of the canonical form was signed, they need not be made
 * canonical: in any other form they have another hash.
 */
export function hashOf(text: string, line: LeafLine): MerkleHash {
  if ('leaf' in line) return hashOfAbsent(text, line);
  const { index, siblings } = line;
  const end = `,${canonicalJson({ index, siblings }).slice(1)}`;
  if (!text.startsWith(EVENT_LINE_BEGIN) || !text.endsWith(end)) {
    throw new Broken('unreadable-line', NOT_WRITTEN_SO);
  }
  return leafHash(Buffer.from(text.slice(EVENT_LINE_BEGIN.length, -end.length), 'utf8'));
}

function hashOfAbsent(text: string, line: LeafLine & { readonly leaf: string }): MerkleHash {
  const [hash] = hashesIn([line.leaf]);
  if (hash === undefined || !isCanonical(line, text)) {
    throw new Broken('unreadable-line', NOT_WRITTEN_SO);
  }
  return hash;
}

export function hashesIn(texts: readonly string[]): readonly MerkleHash[] {
  const hashes = hashesFromBase64(texts);
  if (hashes === undefined) throw new Broken('unreadable-line', 'a hash is not base64 of 32 bytes');
  return hashes;
}

export function textIn(event: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = event[name];
  return typeof value === 'string' ? value : undefined;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new Broken('unreadable-line', 'the line is not JSON');
  }
}

function isCanonical(value: unknown, text: string): boolean {
  try {
    return canonicalJson(value) === text;
  } catch {
    return false;
  }
}
