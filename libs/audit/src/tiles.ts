import { type Buffer } from 'node:buffer';
import { CompactRange, joinedHashes } from './compact-range.js';
import { type MerkleHash } from './merkle-hash.js';

/** Hashes of one tile (C2SP tlog-tiles). */
export const TILE_WIDTH = 256;

/** A tile: `width` hashes of a level, from `index * 256` on. Full with 256. */
export interface Tile {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

export interface WrittenTile extends Tile {
  readonly content: Buffer;
}

/** Where a tile lies: `tile/0/x001/x234/067`, and `tile/0/x001/x234/067.p/8` while it is not full. */
export function tilePath({ level, index, width }: Tile): string {
  const groups = [String(index % 1000).padStart(3, '0')];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(`x${String(rest % 1000).padStart(3, '0')}`);
  }
  return `tile/${level}/${groups.join('/')}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

/**
 * The tiles that are new when a tree grows from `from` leaves by these. `read` gives the hashes of a tile that is there.
 */
export async function grownTiles(
  from: number,
  leaves: readonly MerkleHash[],
  read: (tile: Tile) => Promise<readonly MerkleHash[]>,
): Promise<readonly WrittenTile[]> {
  const tiles: WrittenTile[] = [];
  let [count, added] = [from, leaves];
  for (let level = 0; added.length > 0; level += 1) {
    const [first, width] = [Math.floor(count / TILE_WIDTH), count % TILE_WIDTH];
    const before = width === 0 ? [] : await read({ level, index: first, width });
    const rows = inTiles([...before, ...added]);
    tiles.push(
      ...rows.map((row, at) => ({
        ...{ level, index: first + at, width: row.length },
        content: joinedHashes(row),
      })),
    );
    added = rows.filter(({ length }) => length === TILE_WIDTH).map(rootOf);
    count = first;
  }
  return tiles;
}

const rootOf = (row: readonly MerkleHash[]): MerkleHash => CompactRange.empty().append(row).root();

const inTiles = (hashes: readonly MerkleHash[]): MerkleHash[][] =>
  Array.from({ length: Math.ceil(hashes.length / TILE_WIDTH) }, (_, at) =>
    hashes.slice(at * TILE_WIDTH, (at + 1) * TILE_WIDTH),
  );
