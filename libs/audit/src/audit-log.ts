import { type PosternEvent, type RecordedEvent } from '#events';
import { PosternError } from '#kernel';
import { type Checkpoint } from './checkpoint.js';
import { type Leaf } from './leaf.js';
import { type MerkleHash } from './merkle-hash.js';

/** Most leaves of one checkpoint; so many waiting events do not wait for the time of the next one. */
export const LEAVES_MAX = 10_000;

/** A checkpoint as it is kept: with what is needed to go on from it. */
export interface KeptCheckpoint {
  readonly size: number;
  /** The signed note. */
  readonly note: string;
  /** The subtrees that make up the tree. */
  readonly frontier: readonly MerkleHash[];
  readonly ageSeconds: number;
}

/** The log as it was written. Read by whoever proves something. */
export abstract class AuditHistory {
  /** From that index on, at most `limit`, without a gap. @throws DependencyUnavailable */
  abstract leaves(from: number, limit: number): Promise<readonly Leaf[]>;

  /** The largest checkpoint that has at most `size` leaves. @throws DependencyUnavailable */
  abstract checkpointUpTo(size: number): Promise<KeptCheckpoint | undefined>;

  /** The smallest checkpoint that has more leaves. @throws DependencyUnavailable */
  abstract checkpointAfter(size: number): Promise<KeptCheckpoint | undefined>;
}

/** What is published and not yet under a checkpoint. */
export interface WaitingLeaves {
  /** Counted up to LEAVES_MAX. */
  readonly count: number;
  /** Since the oldest of them was published; 0 when there is none. */
  readonly oldestAgeSeconds: number;
  /** Events without a place that are gone, bear the id of another, or have no canonical form: somebody was at it. */
  readonly lost: number;
}

export interface NextCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: string;
  readonly frontier: readonly MerkleHash[];
  /** The size of the checkpoint that it follows; 0 for the first. */
  readonly sizeBefore: number;
  readonly event: PosternEvent<'dev.postern.audit.checkpoint.v1'>;
}

/**
 * Where the log is kept. An event gets its index once and for ever; indexes have no gap; a size has one checkpoint. May be
 * used by several checkpointers at once.
 */
export abstract class AuditLog extends AuditHistory {
  /**
   * Begins the log at the first call: what is published from then on is in it. Resolves to the id of the log, `name` and
   * a part that chance gave it: a database that is made anew has another log. @throws DependencyUnavailable
   */
  abstract open(name: string): Promise<string>;

  /** @throws DependencyUnavailable */
  abstract waiting(): Promise<WaitingLeaves>;

  /**
   * Gives waiting events their index, in the order of shard and seq, at most `limit`. All of them or, after a failure,
   * none. Resolves to how many; 0 also while another checkpointer is at it. An event for which `hash` throws NotCanonical
   * stays waiting, counts as lost, and does not keep the others waiting. @throws DependencyUnavailable
   */
  abstract sequence(limit: number, hash: (event: RecordedEvent) => MerkleHash): Promise<number>;

  /**
   * Keeps the checkpoint and writes its event to the outbox, both or none. False when another one follows `sizeBefore`
   * already. @throws DependencyUnavailable
   */
  abstract publish(next: NextCheckpoint): Promise<boolean>;
}

/** Signs the texts of checkpoints. */
export abstract class CheckpointSigner {
  /** PEM of the public half (SubjectPublicKeyInfo). @throws DependencyUnavailable, PosternError of the store */
  abstract publicKey(): Promise<string>;

  /** Ed25519, 64 bytes; the same for the same text. @throws as `publicKey` */
  abstract sign(text: Uint8Array): Promise<Uint8Array>;
}

/**
 * The log in the database is not the one that was signed: it was changed behind our back, or restored from an older
 * state. Nothing more is signed until somebody has looked (docs/runbook.md).
 */
export class AuditLogContradicted extends PosternError {
  override readonly code = 'audit-log-contradicted';
}
