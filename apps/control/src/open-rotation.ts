import { compileRotations } from '#adapters/files';
import {
  PostgresCredentialBook,
  type PostgresDatabase,
  PostgresIntakeKeys,
  PostgresRotationStore,
} from '#adapters/postgres';
import { type PosternConfig } from '#platform';
import { type RotationPorts } from './rotations.js';

/** The rotations of a deployment, in PostgreSQL. */
export const openRotation = (config: PosternConfig, database: PostgresDatabase): RotationPorts => ({
  store: new PostgresRotationStore(database),
  book: new PostgresCredentialBook(database),
  intakeKeys: new PostgresIntakeKeys(database),
  terms: compileRotations(config),
});
