import { Buffer } from 'node:buffer';
import { type KeyObject } from 'node:crypto';
import { type EventFactory } from '#events';
import { randomId } from '#kernel';
import {
  type AuditLog,
  AuditLogContradicted,
  type CheckpointSigner,
  LEAVES_MAX,
  type NextCheckpoint,
} from './audit-log.js';
import {
  type AuthenticCheckpoint,
  authenticKept,
  authenticNote,
  type Authority,
} from './authentic-checkpoint.js';
import {
  type Checkpoint,
  checkpointHash,
  checkpointText,
  isOrigin,
  NO_CHECKPOINT,
} from './checkpoint.js';
import {
  type CheckpointKey,
  checkpointKey,
  CheckpointKeyRefused,
  ed25519Of,
} from './checkpoint-key.js';
import { CompactRange } from './compact-range.js';
import { type Leaf, leafOf } from './leaf.js';
import { isSignedBy, parseNote, writeNote } from './signed-note.js';

/** Between the steps: where a crash would leave something half done. */
export type CheckpointPoint = 'after_sequence' | 'after_sign' | 'after_publish';

export interface CheckpointerParts {
  readonly log: AuditLog;
  readonly signer: CheckpointSigner;
  readonly events: EventFactory;
  /** The name of the log, without what chance adds to it. */
  readonly name: string;
  /** Keys that signed before. */
  readonly formerKeys?: readonly KeyObject[];
  /** For tests of what a crash leaves behind. */
  readonly faults?: (point: CheckpointPoint) => void;
}

interface Identity extends Authority {
  readonly key: CheckpointKey;
}

/**
 * Makes checkpoints: gives events their index, then signs the head of the tree. Indexes are durable before anything is
 * signed, and an index never changes: whichever checkpointer signs a size, after whatever crash, signs the same head.
 * Goes on only from a state that our key has signed. Not for several calls at once; several processes may.
 */
export class Checkpointer {
  #identity: Identity | undefined;
  /** The newest that this process has seen: a database that does not have it any more was restored or changed. */
  #seen: Checkpoint | undefined;
  /** Our key has signed: those of before do not any more. */
  #isOurs = false;

  constructor(private readonly parts: CheckpointerParts) {}

  /** Whose checkpoints count here. @throws DependencyUnavailable, CheckpointKeyRefused */
  async identity(): Promise<Identity> {
    this.#identity ??= await this.#identify();
    return this.#identity;
  }

  /**
   * The next checkpoint, over at most LEAVES_MAX events; undefined when there is none to make.
   * @throws DependencyUnavailable, AuditLogContradicted, CheckpointKeyRefused
   */
  async advance(): Promise<Checkpoint | undefined> {
    const { log, faults } = this.parts;
    const identity = await this.identity();
    const before = await this.newest(identity);
    await log.sequence(LEAVES_MAX, leafOf);
    faults?.('after_sequence');
    const leaves = await log.leaves(before.tree.end, LEAVES_MAX);
    if (leaves.length === 0) return undefined;
    const next = await this.#sign(before, leaves, identity);
    faults?.('after_sign');
    if (!(await log.publish(next))) return undefined;
    faults?.('after_publish');
    this.#seen = next.checkpoint;
    this.#isOurs = true;
    return next.checkpoint;
  }

  /** The newest checkpoint, authentic; that of an empty tree before the first. @throws as `advance` */
  async newest(identity: Authority): Promise<AuthenticCheckpoint> {
    const kept = await this.parts.log.checkpointUpTo(Number.MAX_SAFE_INTEGER);
    const [ours] = identity.publicKeys;
    const own: Authority = { ...identity, publicKeys: ours === undefined ? [] : [ours] };
    const newest =
      kept === undefined
        ? emptyLog(identity.origin)
        : authenticKept(kept, this.#isOurs ? own : identity);
    await this.#requireKept(newest.checkpoint, identity);
    this.#seen = newest.checkpoint;
    this.#isOurs ||= kept !== undefined && authenticNote(kept.note, own) !== undefined;
    return newest;
  }

  /** What was seen stays for ever: a second history may be as long as the first. @throws AuditLogContradicted */
  async #requireKept(newest: Checkpoint, identity: Authority): Promise<void> {
    const seen = this.#seen;
    if (seen === undefined || checkpointHash(newest) === checkpointHash(seen)) return;
    if (newest.size < seen.size) {
      throw new AuditLogContradicted(
        `the log in the database ends at ${newest.size}, and had ${seen.size} events: it was restored or changed`,
      );
    }
    const kept = await this.parts.log.checkpointUpTo(seen.size);
    const again = kept === undefined ? undefined : authenticNote(kept.note, identity);
    if (seen.size === 0 || (again && checkpointHash(again) === checkpointHash(seen))) return;
    throw new AuditLogContradicted(
      `the database has another checkpoint of size ${seen.size} than it had: it was restored or changed`,
    );
  }

  async #identify(): Promise<Identity> {
    const { log, signer, name, formerKeys = [] } = this.parts;
    const publicKey = ed25519Of(await signer.publicKey());
    const origin = await log.open(name);
    if (!isOrigin(origin)) throw new CheckpointKeyRefused(`${origin} cannot name a log`);
    const key = checkpointKey(origin, publicKey);
    return { origin, key, publicKeys: [publicKey, ...formerKeys] };
  }

  async #sign(
    before: AuthenticCheckpoint,
    leaves: readonly Leaf[],
    { origin, key }: Identity,
  ): Promise<NextCheckpoint> {
    const sizeBefore = before.tree.end;
    requireGapless(sizeBefore, leaves);
    const tree = before.tree.append(leaves.map(({ hash }) => hash));
    const checkpoint = {
      origin,
      size: tree.end,
      root: tree.root(),
      previous: sizeBefore === 0 ? NO_CHECKPOINT : checkpointHash(before.checkpoint),
    };
    const signature = await this.#signature(checkpointText(checkpoint), key);
    const note = writeNote(checkpointText(checkpoint), { name: origin, keyId: key.id, signature });
    const event = this.#event(checkpoint, leaves, { key, signature });
    return { checkpoint, note, frontier: tree.hashes, sizeBefore, event };
  }

  /** What a store signed with another key than it showed would be a checkpoint that nobody can verify. */
  async #signature(text: string, key: CheckpointKey): Promise<Buffer> {
    const signature = Buffer.from(await this.parts.signer.sign(Buffer.from(text)));
    const note = parseNote(writeNote(text, { name: key.name, keyId: key.id, signature }));
    if (note !== undefined && isSignedBy(note, key)) return signature;
    this.#isOurs = false;
    this.#identity = undefined; // Perhaps the key was rotated: it is asked for again.
    throw new CheckpointKeyRefused(
      'what was signed does not verify with the public key: was the key exchanged? Name the old one in audit.formerKeys',
    );
  }

  #event(
    { origin, size, root, previous }: Checkpoint,
    leaves: readonly Leaf[],
    { key, signature }: { readonly key: CheckpointKey; readonly signature: Buffer },
  ): NextCheckpoint['event'] {
    return this.parts.events.create('dev.postern.audit.checkpoint.v1', {
      subject: `audit/${origin}`,
      partitionKey: origin,
      correlationId: randomId('chk'),
      data: {
        log_id: origin,
        tree_size: size,
        root_hash: root.toString('hex'),
        prev_checkpoint_hash: previous,
        first_event_id: leaves.at(0)?.eventId ?? '',
        last_event_id: leaves.at(-1)?.eventId ?? '',
        signature: signature.toString('base64url'),
        key_id: key.id.toString('hex'),
      },
    });
  }
}

function requireGapless(from: number, leaves: readonly Leaf[]): void {
  const at = leaves.findIndex(({ index }, place) => index !== from + place);
  if (at < 0) return;
  throw new AuditLogContradicted(
    `the log in the database has no leaf ${from + at}: somebody removed it; see docs/runbook.md`,
  );
}

function emptyLog(origin: string): AuthenticCheckpoint {
  const tree = CompactRange.empty();
  return { tree, checkpoint: { origin, size: 0, root: tree.root(), previous: NO_CHECKPOINT } };
}
