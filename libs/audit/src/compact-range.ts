import { Buffer } from 'node:buffer';
import { EMPTY_ROOT, HASH_BYTES, type MerkleHash, nodeHash } from './merkle-hash.js';

/** A whole subtree: the leaves from `index * 2^level` on, `2^level` of them. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** A subtree with its head. */
export interface RangeNode extends Subtree {
  readonly hash: MerkleHash;
}

/** The fewest whole subtrees that make up the leaves [begin, end), from the left to the right. */
export function coverOf(begin: number, end: number): readonly Subtree[] {
  const cover: Subtree[] = [];
  for (let at = begin; at < end;) {
    const level = largestAt(at, end);
    cover.push({ level, index: at / 2 ** level });
    at += 2 ** level;
  }
  return cover;
}

function largestAt(at: number, end: number): number {
  let level = 0;
  while (at % 2 ** (level + 1) === 0 && at + 2 ** (level + 1) <= end) level += 1;
  return level;
}

/**
 * The leaves [begin, end) of a tree as the heads of the subtrees that make them up, never more than twice the binary
 * digits of `end`. That is all one needs to go on, and to know the head of a tree that begins at 0. Not changed once it
 * is made.
 */
export class CompactRange {
  private constructor(
    readonly begin: number,
    readonly end: number,
    private readonly nodes: readonly RangeNode[],
  ) {}

  static empty(begin = 0): CompactRange {
    return new CompactRange(begin, begin, []);
  }

  /** Undefined when these are not as many hashes as the range has subtrees, or not of the size of a hash. */
  static of(
    { begin, end }: { readonly begin: number; readonly end: number },
    hashes: readonly MerkleHash[],
  ): CompactRange | undefined {
    const cover = coverOf(begin, end);
    if (cover.length !== hashes.length) return undefined;
    if (hashes.some(({ length }) => length !== HASH_BYTES)) return undefined;
    const nodes = cover.map((subtree, at) => ({ ...subtree, hash: hashes[at] ?? EMPTY_ROOT }));
    return new CompactRange(begin, end, nodes);
  }

  get hashes(): readonly MerkleHash[] {
    return this.nodes.map(({ hash }) => hash);
  }

  /** The subtree that holds the leaf. */
  nodeOf(leafIndex: number): RangeNode | undefined {
    return this.nodes.find(
      ({ level, index }) => index * 2 ** level <= leafIndex && leafIndex < (index + 1) * 2 ** level,
    );
  }

  append(leaves: readonly MerkleHash[]): CompactRange {
    const nodes = [...this.nodes];
    for (const [at, hash] of leaves.entries())
      push(nodes, { level: 0, index: this.end + at, hash });
    return new CompactRange(this.begin, this.end + leaves.length, nodes);
  }

  /** This range and the one that begins where it ends. @throws RangeError for another one */
  join(next: CompactRange): CompactRange {
    if (next.begin !== this.end) {
      throw new RangeError(`a range that begins at ${next.begin} does not follow ${this.end}`);
    }
    const nodes = [...this.nodes];
    for (const node of next.nodes) push(nodes, node);
    return new CompactRange(this.begin, next.end, nodes);
  }

  /** The head of the tree (RFC 6962 section 2.1). @throws RangeError when the range does not begin at 0 */
  root(): MerkleHash {
    if (this.begin !== 0) throw new RangeError('only a range from 0 on is a tree');
    const [last, ...others] = this.hashes.toReversed();
    if (last === undefined) return EMPTY_ROOT;
    return others.reduce((right, left) => nodeHash(left, right), last);
  }
}

/** Two siblings become their parent, and that with its sibling the next one. */
function push(nodes: RangeNode[], added: RangeNode): void {
  let node = added;
  for (let left = nodes.at(-1); isLeftSibling(left, node); left = nodes.at(-1)) {
    nodes.pop();
    const { level, index, hash } = node;
    node = { level: level + 1, index: (index - 1) / 2, hash: nodeHash(left.hash, hash) };
  }
  nodes.push(node);
}

const isLeftSibling = (left: RangeNode | undefined, node: RangeNode): left is RangeNode =>
  left?.level === node.level && left.index === node.index - 1 && left.index % 2 === 0;

/** The head of the subtree that a leaf leads to with the siblings on its way up. */
export function climb(
  leaf: MerkleHash,
  leafIndex: number,
  siblings: readonly MerkleHash[],
): MerkleHash {
  let [hash, index] = [leaf, leafIndex];
  for (const sibling of siblings) {
    hash = index % 2 === 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash);
    index = Math.floor(index / 2);
  }
  return hash;
}

/** The siblings on the way of each leaf to the subtree that holds it, of the leaves [begin, begin + leaves). */
export function siblingsWithin(
  begin: number,
  leaves: readonly MerkleHash[],
): readonly (readonly MerkleHash[])[] {
  return coverOf(begin, begin + leaves.length).flatMap(({ level, index }) => {
    const first = index * 2 ** level - begin;
    return siblingsInSubtree(leaves.slice(first, first + 2 ** level));
  });
}

/** `leaves`: as many as a power of two. */
function siblingsInSubtree(leaves: readonly MerkleHash[]): MerkleHash[][] {
  const paths: MerkleHash[][] = leaves.map(() => []);
  for (let row = leaves, level = 0; row.length > 1; level += 1) {
    for (const [leaf, path] of paths.entries()) {
      const place = Math.floor(leaf / 2 ** level);
      path.push(row[place % 2 === 0 ? place + 1 : place - 1] ?? EMPTY_ROOT);
    }
    row = parentsOf(row);
  }
  return paths;
}

/** The row above, of an even number of hashes. */
export const parentsOf = (row: readonly MerkleHash[]): MerkleHash[] =>
  Array.from({ length: Math.floor(row.length / 2) }, (_, pair) =>
    nodeHash(row[2 * pair] ?? EMPTY_ROOT, row[2 * pair + 1] ?? EMPTY_ROOT),
  );

/** Hashes as their bytes in a row, as they lie in files and rows. */
export const joinedHashes = (hashes: readonly MerkleHash[]): Buffer => Buffer.concat(hashes);

/** Undefined when the bytes are no whole number of hashes. */
export function splitHashes(bytes: Buffer): readonly MerkleHash[] | undefined {
  if (bytes.length % HASH_BYTES !== 0) return undefined;
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, at) =>
    bytes.subarray(at * HASH_BYTES, (at + 1) * HASH_BYTES),
  );
}
