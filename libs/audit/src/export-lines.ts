import { z } from 'zod';
import { type RecordedEvent } from '#events';
import { canonicalJson } from '#kernel';
import { type KeptCheckpoint } from './audit-log.js';
import { isOrigin } from './checkpoint.js';
import { CompactRange, siblingsWithin } from './compact-range.js';
import { type Leaf } from './leaf.js';
import { type MerkleHash } from './merkle-hash.js';

/**
 * An export is lines of canonical JSON: a header; then for each checkpoint one line, and after it the events that it
 * adds, each with the siblings on its way to one of the subtrees of the checkpoint's line. So each line can be proven
 * when it is read.
 */
export const EXPORT_FORMAT = 'postern-audit-export-v1';

const hashes = z.array(z.string().length(44)).max(128);
const note = z.string().max(4096);

export const headerLine = z.strictObject({
  format: z.literal(EXPORT_FORMAT),
  log: z.string().refine(isOrigin),
  /** Where it begins when that is not the beginning of the log: a checkpoint, and the subtrees of its tree. */
  base: z.strictObject({ note, frontier: hashes }).optional(),
});
export type HeaderLine = z.output<typeof headerLine>;

export const checkpointLine = z.strictObject({
  checkpoint: z.strictObject({ note, subtrees: hashes }),
});

const logIndex = z.int().min(0);
/** An event, or, where it is not kept any more, the hash that stands for it. */
export const leafLine = z.union([
  z.strictObject({ event: z.looseObject({}), index: logIndex, siblings: hashes }),
  z.strictObject({ index: logIndex, leaf: z.string().length(44), siblings: hashes }),
]);
export type LeafLine = z.output<typeof leafLine>;

/** How a line of an event begins: the rest of it, up to the index, are the bytes that the leaf is the hash of. */
export const EVENT_LINE_BEGIN = '{"event":';

const asText = (list: readonly MerkleHash[]): string[] =>
  list.map((hash) => hash.toString('base64'));

export function writeHeader(log: string, base: KeptCheckpoint | undefined): string {
  if (base === undefined) return canonicalJson({ format: EXPORT_FORMAT, log });
  const { note: signed, frontier } = base;
  return canonicalJson({
    format: EXPORT_FORMAT,
    log,
    base: { note: signed, frontier: asText(frontier) },
  });
}

/** The lines of one checkpoint: its own, and those of the leaves that it adds. */
export function* writeRange(
  signed: string,
  leaves: readonly Leaf[],
  eventOf: (leaf: Leaf) => RecordedEvent | undefined,
): Generator<string> {
  const first = leaves.at(0)?.index ?? 0;
  const leafHashes = leaves.map(({ hash }) => hash);
  const subtrees = asText(CompactRange.empty(first).append(leafHashes).hashes);
  yield canonicalJson({ checkpoint: { note: signed, subtrees } });
  const paths = siblingsWithin(first, leafHashes);
  for (const [at, leaf] of leaves.entries()) {
    const { index, hash } = leaf;
    const siblings = asText(paths[at] ?? []);
    const event = eventOf(leaf);
    yield event === undefined
      ? canonicalJson({ index, leaf: hash.toString('base64'), siblings })
      : canonicalJson({ event, index, siblings });
  }
}
