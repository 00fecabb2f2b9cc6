import { type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { AnchorFolder } from '#adapters/files';
import {
  authenticNote,
  type Checkpoint,
  CompactRange,
  EMPTY_ROOT,
  type MerkleHash,
  parseCheckpoint,
  parseNote,
  type PinnedCheckpoint,
  TILE_WIDTH,
  type VerifierOptions,
} from '#audit';
import { UsageError } from './usage-error.js';

/** With all the signatures that witnesses may have added. */
const NOTE_BYTES_MAX = 64 * 1024;

/** What an export has to agree with. */
export interface Pins
  extends Required<Pick<VerifierOptions, 'pins'>>, Pick<VerifierOptions, 'anchoredLeaf'> {
  /**
   * That the leaves of the anchor are those that its own checkpoint signs: who can write it alone must not be able to
   * make a good export look forged. @throws UsageError, AnchorUnusable
   */
  readonly requireWhole?: () => void;
}

/** The newest checkpoint of an anchor folder, and the leaves that lie there. @throws UsageError, AnchorUnusable */
export async function anchorPins(folder: string, publicKeys: readonly KeyObject[]): Promise<Pins> {
  const anchor = new AnchorFolder(folder);
  const note = await anchor.newest();
  if (note === undefined) throw new UsageError(`${folder}: holds no checkpoint`);
  const checkpoint = trusted(note, `the anchor ${folder}`, publicKeys);
  const anchoredLeaf = leafReader(anchor, checkpoint.size, folder);
  return {
    pins: [{ checkpoint, from: 'the anchor' }],
    anchoredLeaf,
    requireWhole: () => {
      if (rootOf(checkpoint.size, anchoredLeaf).equals(checkpoint.root)) return;
      throw new UsageError(
        `${folder}: its tiles are not what its checkpoint signs: the anchor was changed, and says nothing of the export`,
      );
    },
  };
}

function rootOf(size: number, leafAt: (index: number) => MerkleHash | undefined): MerkleHash {
  let tree = CompactRange.empty();
  for (let from = 0; from < size; from += TILE_WIDTH) {
    const width = Math.min(TILE_WIDTH, size - from);
    tree = tree.append(Array.from({ length: width }, (_, at) => leafAt(from + at) ?? EMPTY_ROOT));
  }
  return tree.root();
}

/** A checkpoint that somebody kept. @throws UsageError */
export async function keptPin(
  file: string,
  publicKeys: readonly KeyObject[],
): Promise<PinnedCheckpoint> {
  return { checkpoint: trusted(await readNote(file), file, publicKeys), from: file };
}

async function readNote(file: string): Promise<string> {
  const status = await stat(file).catch(cannotBeRead(file));
  if (!status.isFile()) throw new UsageError(`${file}: is no plain file`);
  if (status.size > NOTE_BYTES_MAX) throw new UsageError(`${file}: is no signed checkpoint`);
  return readFile(file, 'utf8').catch(cannotBeRead(file));
}

const cannotBeRead =
  (file: string) =>
  (error: unknown): never => {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new UsageError(`${file}: cannot be read (${reason})`);
  };

function trusted(note: string, where: string, publicKeys: readonly KeyObject[]): Checkpoint {
  const parsed = parseNote(note);
  const said = parsed === undefined ? undefined : parseCheckpoint(parsed.text);
  if (said === undefined) throw new UsageError(`${where}: is no signed checkpoint`);
  const checkpoint = authenticNote(note, { origin: said.origin, publicKeys });
  if (checkpoint === undefined) throw new UsageError(`${where}: is not signed with that key`);
  return checkpoint;
}

/** One tile is held at a time: the leaves are asked for in their order. */
function leafReader(
  anchor: AnchorFolder,
  size: number,
  folder: string,
): (index: number) => MerkleHash | undefined {
  let held: { readonly tile: number; readonly hashes: readonly MerkleHash[] } | undefined;
  return (index) => {
    if (index >= size) return undefined;
    const tile = Math.floor(index / TILE_WIDTH);
    if (held?.tile !== tile) {
      const width = Math.min(size - tile * TILE_WIDTH, TILE_WIDTH);
      const hashes =
        anchor.readNow({ level: 0, index: tile, width }) ??
        anchor.readNow({ level: 0, index: tile, width: TILE_WIDTH });
      if (hashes === undefined || hashes.length < width) {
        throw new UsageError(`${folder}: lacks the tile of index ${index}`);
      }
      held = { tile, hashes };
    }
    return held.hashes[index % TILE_WIDTH];
  };
}
