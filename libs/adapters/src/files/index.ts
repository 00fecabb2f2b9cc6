export { AnchorFolder, AnchorUnusable } from './anchor-folder.js';
export { FileCheckpointSigner } from './file-checkpoint-signer.js';
export { compileRotations } from './compile-rotations.js';
export {
  FileGrantSource,
  type FileGrantSourceOptions,
  type GrantSourceState,
} from './file-grant-source.js';
export { GrantFolderUnreadable } from './grant-folder-unreadable.js';
export { type GrantFolder, readGrantFolder } from './read-grant-folder.js';
export {
  compileResources,
  compileTrust,
  grantContext,
  openPolicy,
  type OpenPolicy,
  type PolicyDeclaration,
  type TrustedParties,
} from './open-policy.js';
