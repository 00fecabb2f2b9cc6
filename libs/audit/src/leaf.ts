import { Buffer } from 'node:buffer';
import { type RecordedEvent, type Topic, TOPICS } from '#events';
import { canonicalJson, NotCanonical } from '#kernel';
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

/** The same by any `hash`; undefined for an event that has no canonical form, and so no leaf. */
export function leafIfCanonical(
  event: RecordedEvent,
  hash: (event: RecordedEvent) => MerkleHash,
): MerkleHash | undefined {
  try {
    return hash(event);
  } catch (error) {
    if (error instanceof NotCanonical) return undefined;
    throw error;
  }
}
