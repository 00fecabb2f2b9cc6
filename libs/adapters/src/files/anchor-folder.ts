import { randomUUID } from 'node:crypto';
import { constants, readFileSync, type Stats, statSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  CheckpointAnchor,
  HASH_BYTES,
  type MerkleHash,
  splitHashes,
  type Tile,
  TILE_WIDTH,
  tilePath,
  type WrittenTile,
} from '#audit';
import { PosternError } from '#kernel';

/** The folder cannot be read or written. The message names it, and the reason. */
export class AnchorUnusable extends PosternError {
  override readonly code = 'audit-anchor-unusable';
}

const CHECKPOINT = 'checkpoint';
/** Witnesses may have added signatures to a checkpoint. */
const NOTE_BYTES_MAX = 64 * 1024;
const TILE_BYTES_MAX = TILE_WIDTH * HASH_BYTES;

/**
 * A folder in the layout of C2SP tlog-tiles, `checkpoint` and `tile/...`, which any monitor of transparency logs reads. A
 * file appears whole or not at all, and is on the disk before the next one: a full tile is written once and never again.
 * Several relays may share one folder. The events themselves are not in it.
 */
export class AnchorFolder extends CheckpointAnchor {
  constructor(private readonly folder: string) {
    super();
  }

  override newest(): Promise<string | undefined> {
    return this.#content(CHECKPOINT, NOTE_BYTES_MAX).then((content) => content?.toString('utf8'));
  }

  override async read(tile: Tile): Promise<readonly MerkleHash[]> {
    const content = (await this.#tile(tile)) ?? (await this.#tile({ ...tile, width: TILE_WIDTH }));
    const hashes = content === undefined ? undefined : splitHashes(content)?.slice(0, tile.width);
    if (hashes?.length === tile.width) return hashes;
    throw new AnchorUnusable(`the anchor ${this.folder} lacks ${tilePath(tile)}`);
  }

  /** As `read`, for who goes through many, one after the other; undefined where there is none. */
  readNow(tile: Tile): readonly MerkleHash[] | undefined {
    try {
      const file = join(this.folder, tilePath(tile));
      requireFile(statSync(file), TILE_BYTES_MAX);
      return splitHashes(readFileSync(file));
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#unusable(error);
    }
  }

  override async write(tiles: readonly WrittenTile[], note: string): Promise<void> {
    try {
      for (const tile of tiles) await this.#put(tilePath(tile), tile.content);
      await this.#put(CHECKPOINT, Buffer.from(note));
    } catch (error) {
      throw this.#unusable(error);
    }
    const full = tiles.filter(({ width }) => width === TILE_WIDTH);
    for (const tile of full) await this.#forgetPartial(tile);
  }

  /** What a full tile holds is not needed in parts any more. Where nothing may be removed, it stays. */
  async #forgetPartial(tile: Tile): Promise<void> {
    const parts = join(this.folder, `${tilePath({ ...tile, width: TILE_WIDTH })}.p`);
    await rm(parts, { recursive: true, force: true }).catch(() => undefined);
  }

  #tile(tile: Tile): Promise<Buffer | undefined> {
    return this.#content(tilePath(tile), TILE_BYTES_MAX);
  }

  async #content(path: string, bytesMax: number): Promise<Buffer | undefined> {
    const file = join(this.folder, path);
    try {
      requireFile(await stat(file), bytesMax);
      return await readFile(file);
    } catch (error) {
      if (isAbsent(error)) return undefined;
      throw this.#unusable(error);
    }
  }

  /** Under another name first, so that nobody reads half of it; after a crash the rest of that name is garbage. */
  async #put(path: string, content: Buffer): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true });
    const draft = `${file}.${randomUUID()}.new`;
    const handle = await open(draft, 'wx', 0o644);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
    await syncFolder(dirname(file));
  }

  #unusable(error: unknown): AnchorUnusable {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return new AnchorUnusable(`the anchor ${this.folder} cannot be used (${reason})`);
  }
}

/** Another one writes there too, perhaps: what is no file, or larger than any of ours, is not read. */
function requireFile(status: Stats, bytesMax: number): void {
  if (status.isFile() && status.size <= bytesMax) return;
  throw Object.assign(new Error('no file of an anchor'), { code: 'EFBIG' });
}

const isAbsent = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** The name of a file is in its folder: without this a power cut could lose it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY);
  await handle.sync().finally(() => handle.close());
}
