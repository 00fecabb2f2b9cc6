export { AnchoredLog, CheckpointAnchor } from './anchored-log.js';
export {
  AuditHistory,
  AuditLog,
  AuditLogContradicted,
  CheckpointSigner,
  type KeptCheckpoint,
  LEAVES_MAX,
  type NextCheckpoint,
  type WaitingLeaves,
} from './audit-log.js';
export { authenticNote, type Authority } from './authentic-checkpoint.js';
export { type Checkpoint, checkpointHash, checkpointText, parseCheckpoint } from './checkpoint.js';
export {
  type CheckpointKey,
  checkpointKey,
  CheckpointKeyRefused,
  ed25519Of,
  publicKeyOf,
  readPublicKey,
  verifierKey,
} from './checkpoint-key.js';
export { Checkpointer, type CheckpointerParts, type CheckpointPoint } from './checkpointer.js';
export { CompactRange, splitHashes } from './compact-range.js';
export { writeHeader, writeRange } from './export-lines.js';
export {
  ExportVerifier,
  type PinnedCheckpoint,
  type Proven,
  type VerifierOptions,
} from './export-verifier.js';
export { type Finding, type FindingKind, MEANINGS } from './finding.js';
export { type Leaf, leafIfCanonical, leafOf, TOPICS_OUTSIDE } from './leaf.js';
export { EMPTY_ROOT, HASH_BYTES, leafHash, type MerkleHash, nodeHash } from './merkle-hash.js';
export { consistencyProof, inclusionProof, isConsistent, isIncluded } from './merkle-proofs.js';
export { LINE_BYTES_MAX } from './read-line.js';
export { parseNote } from './signed-note.js';
export { type Tile, TILE_WIDTH, tilePath, type WrittenTile } from './tiles.js';
