import {
  type AuditHistory,
  AuditLogContradicted,
  type KeptCheckpoint,
  LEAVES_MAX,
} from './audit-log.js';
import { authenticKept, authenticNote, type Authority } from './authentic-checkpoint.js';
import { type Checkpoint, checkpointHash, NO_CHECKPOINT } from './checkpoint.js';
import { CompactRange } from './compact-range.js';
import { EMPTY_ROOT, type MerkleHash } from './merkle-hash.js';
import { grownTiles, type Tile, type WrittenTile } from './tiles.js';

/**
 * A place outside of the database, best outside of the reach of whoever administers it, that keeps the checkpoints and
 * the tree, and lets nothing of it go.
 */
export abstract class CheckpointAnchor {
  /** Its newest signed note; undefined while it is empty. @throws PosternError when it cannot be read */
  abstract newest(): Promise<string | undefined>;

  /** The hashes of a tile; of a full tile its first `width`. @throws PosternError when there is none */
  abstract read(tile: Tile): Promise<readonly MerkleHash[]>;

  /** Durably, the tiles before the note: no note is seen whose tiles are not there. @throws PosternError */
  abstract write(tiles: readonly WrittenTile[], note: string): Promise<void>;
}

/** Carries the log to its anchor, and sees that both tell the same. */
export class AnchoredLog {
  constructor(
    private readonly history: AuditHistory,
    private readonly anchor: CheckpointAnchor,
  ) {}

  /**
   * The size that the anchor has. @throws AuditLogContradicted when the log in the database does not contain what is
   * anchored; PosternError when the anchor cannot be read
   */
  async requireAgreement(authority: Authority): Promise<number> {
    return (await this.#anchored(authority)).size;
  }

  /** Brings the anchor up to the newest checkpoint; resolves to its size. @throws as `requireAgreement` */
  async catchUp(authority: Authority): Promise<number> {
    let anchored = await this.#anchored(authority);
    for (;;) {
      const next = await this.#next(anchored.size);
      if (next === undefined) return anchored.size;
      anchored = await this.#carry(anchored, next, authority);
    }
  }

  /** The anchor's checkpoint, of which the database must have the very same. */
  async #anchored(authority: Authority): Promise<Checkpoint> {
    const note = await this.anchor.newest();
    if (note === undefined) {
      return { origin: authority.origin, size: 0, root: EMPTY_ROOT, previous: NO_CHECKPOINT };
    }
    const anchored = authenticNote(note, authority);
    if (anchored === undefined) {
      throw new AuditLogContradicted(
        `the anchor holds a checkpoint that is not of the log ${authority.origin}: was the database made anew? Then it needs another anchor`,
      );
    }
    const kept = await this.history.checkpointUpTo(anchored.size);
    if (kept?.size !== anchored.size || !isSame(kept, anchored, authority)) {
      throw new AuditLogContradicted(
        `the database does not have the checkpoint of size ${anchored.size} that is anchored: it was restored or changed`,
      );
    }
    return anchored;
  }

  /** As far as is carried at once. */
  async #next(size: number): Promise<KeptCheckpoint | undefined> {
    const far = await this.history.checkpointUpTo(size + LEAVES_MAX);
    return far !== undefined && far.size > size ? far : this.history.checkpointAfter(size);
  }

  async #carry(from: Checkpoint, kept: KeptCheckpoint, authority: Authority): Promise<Checkpoint> {
    const { checkpoint } = authenticKept(kept, authority);
    const leaves = (await this.history.leaves(from.size, checkpoint.size - from.size)).map(
      ({ hash }) => hash,
    );
    const before = await this.#treeAt(from, authority);
    if (!before.append(leaves).root().equals(checkpoint.root)) {
      throw new AuditLogContradicted(
        `the leaves ${from.size} to ${checkpoint.size - 1} in the database are not those that were signed`,
      );
    }
    const tiles = await grownTiles(from.size, leaves, (tile) => this.anchor.read(tile));
    await this.anchor.write(tiles, kept.note);
    return checkpoint;
  }

  async #treeAt({ size }: Checkpoint, authority: Authority): Promise<CompactRange> {
    const kept = size === 0 ? undefined : await this.history.checkpointUpTo(size);
    return kept === undefined ? CompactRange.empty() : authenticKept(kept, authority).tree;
  }
}

function isSame(kept: KeptCheckpoint, anchored: Checkpoint, authority: Authority): boolean {
  const { checkpoint } = authenticKept(kept, authority);
  return checkpointHash(checkpoint) === checkpointHash(anchored);
}
