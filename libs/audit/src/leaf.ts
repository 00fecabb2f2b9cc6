import { Buffer } from 'node:buffer';
import { type RecordedEvent, type Topic, TOPICS } from '#events';
import { canonicalJson } from './canonical-json.js';
import { leafHash, type MerkleHash } from './merkle-hash.js';

/** An event's place in the log. */
export interface Leaf {
  readonly index: number;
  readonly eventId: string;
  readonly hash: MerkleHash;
}

/** The leaf of an event: SHA-256(0x00 || RFC 8785 form of the whole event). @throws NotCanonical */
export const leafOf = (event: unknown): MerkleHash =>
  leafHash(Buffer.from(canonicalJson(event), 'utf8'));

/** Canaries prove delivery and are not kept; the checkpoints are about the log, and not in it. */
export const TOPICS_OUTSIDE: readonly Topic[] = [TOPICS.canary, TOPICS.auditCheckpoint];

/** An event that waits for its place. */
export interface WaitingEvent {
  readonly shard: number;
  readonly seq: string;
  readonly event: RecordedEvent;
}
