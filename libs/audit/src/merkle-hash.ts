import * as crypto from 'node:crypto';
import { Buffer } from 'node:buffer';

/** SHA-256, 32 bytes. */
export type MerkleHash = Buffer;

export const HASH_BYTES = 32;

const LEAF_PREFIX = Buffer.of(0);
const NODE_PREFIX = Buffer.of(1);

const sha256 = (input: Buffer): MerkleHash => crypto.hash('sha256', input, 'buffer');

/** RFC 6962 section 2.1: a leaf is hashed with another prefix than a node, so that neither can pass for the other. */
export const leafHash = (entry: Uint8Array): MerkleHash =>
  sha256(Buffer.concat([LEAF_PREFIX, entry]));

export const nodeHash = (left: MerkleHash, right: MerkleHash): MerkleHash =>
  sha256(Buffer.concat([NODE_PREFIX, left, right]));

/** The head of a tree without leaves. */
export const EMPTY_ROOT: MerkleHash = sha256(Buffer.alloc(0));
