import fc from 'fast-check';
import { CompactRange, splitHashes } from './compact-range.js';
import { leafHash, type MerkleHash } from './merkle-hash.js';
import { grownTiles, type Tile, TILE_WIDTH, tilePath } from './tiles.js';

const leaves = (count: number): MerkleHash[] =>
  Array.from({ length: count }, (_, at) => leafHash(Buffer.from(`leaf ${at}`)));
const rootOf = (hashes: readonly MerkleHash[]): MerkleHash =>
  CompactRange.empty().append(hashes).root();

describe('the path of a tile', () => {
  it.each([
    [{ level: 0, index: 0, width: 256 }, 'tile/0/000'],
    [{ level: 1, index: 42, width: 256 }, 'tile/1/042'],
    [{ level: 0, index: 1234067, width: 256 }, 'tile/0/x001/x234/067'],
    [{ level: 0, index: 999, width: 8 }, 'tile/0/999.p/8'],
    [{ level: 0, index: 1000, width: 255 }, 'tile/0/x001/000.p/255'],
  ])('of %j is %s, as C2SP has it', (tile, path) => {
    expect(tilePath(tile)).toBe(path);
  });
});

describe('the tiles of a tree that grows', () => {
  it('are those of the tree as a whole, however it grew', async () => {
    const step = fc.integer({ min: 1, max: 700 });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
        const all = leaves(steps.reduce((sum, one) => sum + one, 0));
        const files = new Map<string, readonly MerkleHash[]>();
        const read = (tile: Tile): Promise<readonly MerkleHash[]> =>
          Promise.resolve(files.get(tilePath(tile))!);
        let size = 0;
        for (const count of steps) {
          for (const tile of await grownTiles(size, all.slice(size, size + count), read)) {
            files.set(tilePath(tile), splitHashes(tile.content)!);
          }
          size += count;
        }
        const full = Math.floor(size / TILE_WIDTH);
        for (let index = 0; index <= full; index += 1) {
          const part = all.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH);
          if (part.length === 0) continue;
          expect(files.get(tilePath({ level: 0, index, width: part.length }))).toEqual(part);
        }
        if (full === 0) return;
        const heads = Array.from({ length: full }, (_, index) =>
          rootOf(all.slice(index * TILE_WIDTH, (index + 1) * TILE_WIDTH)),
        );
        expect(files.get(tilePath({ level: 1, index: 0, width: full }))).toEqual(heads);
      }),
      { numRuns: 20 },
    );
  });
});
