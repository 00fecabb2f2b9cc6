import { type Buffer } from 'node:buffer';
import { CompactRange } from './compact-range.js';
import { type MerkleHash, nodeHash } from './merkle-hash.js';

/** Head of a tree and how many leaves it has. */
export interface TreeHead {
  readonly size: number;
  readonly root: MerkleHash;
}

const rootOf = (leaves: readonly MerkleHash[]): MerkleHash =>
  CompactRange.empty().append(leaves).root();

/** The largest power of two below `size`, which is 2 at least. */
const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

/** That the leaf is in the tree of these leaves (RFC 9162 section 2.1.3.1), from the leaf upwards. */
export function inclusionProof(
  leafIndex: number,
  leaves: readonly MerkleHash[],
): readonly MerkleHash[] {
  if (leafIndex < 0 || leafIndex >= leaves.length) {
    throw new RangeError(`there is no leaf ${leafIndex} among ${leaves.length}`);
  }
  if (leaves.length === 1) return [];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return leafIndex < split
    ? [...inclusionProof(leafIndex, left), rootOf(right)]
    : [...inclusionProof(leafIndex - split, right), rootOf(left)];
}

/** Whether the proof shows the leaf at its place in the tree (RFC 9162 section 2.1.3.2). */
export function isIncluded(
  leaf: { readonly index: number; readonly hash: MerkleHash },
  { size, root }: TreeHead,
  proof: readonly MerkleHash[],
): boolean {
  if (leaf.index < 0 || leaf.index >= size) return false;
  let [index, last, hash] = [leaf.index, size - 1, leaf.hash];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (index % 2 === 1 || index === last) {
      hash = nodeHash(sibling, hash);
      while (index % 2 === 0 && index !== 0) [index, last] = [index / 2, Math.floor(last / 2)];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  }
  return last === 0 && hash.equals(root);
}

/** That the tree of the first `oldSize` leaves is the beginning of the tree of all (RFC 9162 section 2.1.4.1). */
export function consistencyProof(
  oldSize: number,
  leaves: readonly MerkleHash[],
): readonly MerkleHash[] {
  if (oldSize < 1 || oldSize > leaves.length) {
    throw new RangeError(`a tree of ${leaves.length} does not begin with one of ${oldSize}`);
  }
  return subProof(oldSize, leaves, true);
}

function subProof(
  oldSize: number,
  leaves: readonly MerkleHash[],
  isOldTree: boolean,
): readonly MerkleHash[] {
  if (oldSize === leaves.length) return isOldTree ? [] : [rootOf(leaves)];
  const split = splitOf(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return oldSize <= split
    ? [...subProof(oldSize, left, isOldTree), rootOf(right)]
    : [...subProof(oldSize - split, right, false), rootOf(left)];
}

/** Whether the proof shows that the new tree goes on from the old one (RFC 9162 section 2.1.4.2). */
export function isConsistent(old: TreeHead, now: TreeHead, proof: readonly MerkleHash[]): boolean {
  if (old.size < 1 || old.size > now.size) return false;
  if (old.size === now.size) return proof.length === 0 && old.root.equals(now.root);
  const path = Number.isInteger(Math.log2(old.size)) ? [old.root, ...proof] : proof;
  const [first, ...others] = path;
  if (first === undefined) return false;
  const heads = climbBoth(old.size - 1, now.size - 1, { first, others });
  return heads !== undefined && heads.old.equals(old.root) && heads.now.equals(now.root);
}

function climbBoth(
  oldLast: number,
  nowLast: number,
  path: { readonly first: MerkleHash; readonly others: readonly MerkleHash[] },
): { readonly old: Buffer; readonly now: Buffer } | undefined {
  let [index, last] = [oldLast, nowLast];
  while (index % 2 === 1) [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  let [old, now] = [path.first, path.first];
  for (const sibling of path.others) {
    if (last === 0) return undefined;
    if (index % 2 === 1 || index === last) {
      [old, now] = [nodeHash(sibling, old), nodeHash(sibling, now)];
      while (index % 2 === 0 && index !== 0) [index, last] = [index / 2, Math.floor(last / 2)];
    } else {
      now = nodeHash(now, sibling);
    }
    [index, last] = [Math.floor(index / 2), Math.floor(last / 2)];
  }
  return last === 0 ? { old, now } : undefined;
}
