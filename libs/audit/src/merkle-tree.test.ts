import fc from 'fast-check';
import { CompactRange, coverOf, climb, siblingsWithin } from './compact-range.js';
import { EMPTY_ROOT, leafHash, type MerkleHash } from './merkle-hash.js';
import { consistencyProof, inclusionProof, isConsistent, isIncluded } from './merkle-proofs.js';

const hex = (text: string): Buffer => Buffer.from(text, 'hex');

/** The inputs and heads of certificate-transparency's merkletree tests, which all implementations share. */
const INPUTS = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(hex);
const HEADS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const leaves = INPUTS.map((input) => leafHash(input));
const rootOf = (hashes: readonly MerkleHash[]): Buffer =>
  CompactRange.empty().append(hashes).root();
const hexOf = (hashes: readonly MerkleHash[]): string[] => hashes.map((one) => one.toString('hex'));

describe('the Merkle tree of RFC 6962, by the vectors of certificate-transparency', () => {
  it('has the head of an empty tree', () => {
    expect(EMPTY_ROOT.toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
    expect(CompactRange.empty().root()).toEqual(EMPTY_ROOT);
  });

  it.each(HEADS.map((head, at) => [at + 1, head] as const))(
    'has the head of %i leaves',
    (size, head) => {
      expect(rootOf(leaves.slice(0, size)).toString('hex')).toBe(head);
    },
  );

  it.each([
    [0, 1, []],
    [
      0,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
    [
      1,
      5,
      [
        '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ])('proves leaf %i of %i', (index, size, proof) => {
    expect(hexOf(inclusionProof(index, leaves.slice(0, size)))).toEqual(proof);
  });

  it.each([
    [1, 1, []],
    [
      1,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      6,
      8,
      [
        '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
    [
      2,
      5,
      [
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      ],
    ],
  ])('proves that the tree of %i is the beginning of that of %i', (old, size, proof) => {
    expect(hexOf(consistencyProof(old, leaves.slice(0, size)))).toEqual(proof);
  });
});

const manyLeaves = (count: number): MerkleHash[] =>
  Array.from({ length: count }, (_, at) => leafHash(Buffer.from(`leaf ${at}`)));
const size = fc.integer({ min: 1, max: 130 });
const pair = fc
  .tuple(size, size)
  .map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const);

describe('a tree of any size', () => {
  it('proves each leaf at its place, and at no other, and no other leaf', () => {
    fc.assert(
      fc.property(size, fc.nat(), fc.nat(), (count, one, other) => {
        const hashes = manyLeaves(count);
        const head = { size: count, root: rootOf(hashes) };
        const [index, elsewhere] = [one % count, other % count];
        const proof = inclusionProof(index, hashes);
        const hash = hashes[index]!;
        expect(isIncluded({ index, hash }, head, proof)).toBe(true);
        expect(isIncluded({ index: elsewhere, hash }, head, proof)).toBe(elsewhere === index);
        expect(isIncluded({ index, hash: hashes[elsewhere]! }, head, proof)).toBe(
          elsewhere === index,
        );
        expect(isIncluded({ index, hash }, head, [...proof, hash])).toBe(false);
      }),
    );
  });

  it('proves that it goes on from each smaller one, and from no other', () => {
    fc.assert(
      fc.property(pair, ([small, large]) => {
        const hashes = manyLeaves(large);
        const [old, now] = [
          { size: small, root: rootOf(hashes.slice(0, small)) },
          { size: large, root: rootOf(hashes) },
        ];
        const proof = consistencyProof(small, hashes);
        expect(isConsistent(old, now, proof)).toBe(true);
        const forged = { size: small, root: leafHash(old.root) };
        expect(isConsistent(forged, now, proof)).toBe(false);
        expect(isConsistent(old, { ...now, root: leafHash(now.root) }, proof)).toBe(false);
      }),
    );
  });

  it('is the same whether its leaves come at once or in parts', () => {
    fc.assert(
      fc.property(pair, ([small, large]) => {
        const hashes = manyLeaves(large);
        const parts = CompactRange.empty().append(hashes.slice(0, small));
        const rest = CompactRange.empty(small).append(hashes.slice(small));
        expect(parts.append(hashes.slice(small)).root()).toEqual(rootOf(hashes));
        expect(parts.join(rest).root()).toEqual(rootOf(hashes));
        expect(CompactRange.of(rest, rest.hashes)?.hashes).toEqual(rest.hashes);
        expect(rest.hashes).toHaveLength(coverOf(small, large).length);
      }),
    );
  });

  it('has each leaf of a range below one of its subtrees, by the siblings on its way', () => {
    fc.assert(
      fc.property(pair, ([small, large]) => {
        const added = manyLeaves(large).slice(small);
        const range = CompactRange.empty(small).append(added);
        const paths = siblingsWithin(small, added);
        expect(paths).toHaveLength(added.length);
        for (const [at, leaf] of added.entries()) {
          const node = range.nodeOf(small + at)!;
          expect(paths[at]).toHaveLength(node.level);
          expect(climb(leaf, small + at, paths[at]!)).toEqual(node.hash);
        }
      }),
    );
  });
});
