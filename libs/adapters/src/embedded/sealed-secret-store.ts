import { type SecretRef, SecretStore, type SecretVersion, type VersionMark } from '#credentials';
import { type Secret } from '#kernel';
import { type PostgresDatabase } from '../postgres/index.js';
import { type SealKey, SealKeyRefused } from './sealed-key.js';
import { createSealKey, openSealKey } from './sealed-key-file.js';
import { SealedRotatedSecrets } from './sealed-rotated-secrets.js';
import { SealedRows, unavailable } from './sealed-rows.js';

export interface SealedSecretStoreSettings {
  /** Migrated. Reading needs `select` on `sealed_secret`, `put` needs `insert` as well. */
  readonly database: PostgresDatabase;
  /** POSTERN_SEAL_KEY_FILE; made at the first start. */
  readonly keyFile: string;
}

/**
 * Secrets in PostgreSQL, sealed by a key that lies in a file: whoever has the database alone can read none of them,
 * and can neither change one nor move it to another path or version. Who can write the table can still delete rows,
 * and so bring an older version back.
 */
export class SealedSecretStore extends SecretStore {
  readonly #rows: SealedRows;

  private constructor(database: PostgresDatabase, key: SealKey) {
    super();
    this.#rows = new SealedRows(database, key);
  }

  /**
   * Opens the key file, or makes it when there is nothing yet that another key has sealed.
   * @throws SealKeyRefused, SecretStoreUnavailable
   */
  static async open({ database, keyFile }: SealedSecretStoreSettings): Promise<SealedSecretStore> {
    const sealers = await keyIdsIn(database);
    const key = await openSealKey(keyFile);
    if (key === undefined && sealers.length > 0) {
      throw new SealKeyRefused(
        `the file of POSTERN_SEAL_KEY_FILE, ${keyFile}, is missing, and the database holds secrets that were sealed ` +
          `with it (key ${sealers.join(', ')}): restore it from your backup. No new key is made: it would open none of them`,
      );
    }
    if (key !== undefined && sealers.length > 0 && !sealers.includes(key.id)) {
      throw new SealKeyRefused(
        `the file of POSTERN_SEAL_KEY_FILE, ${keyFile}, holds key ${key.id}, but every secret in the database was ` +
          `sealed by another (${sealers.join(', ')}): restore the right file from your backup`,
      );
    }
    return new SealedSecretStore(database, key ?? (await createSealKey(keyFile)));
  }

  override currentVersion(ref: SecretRef): Promise<VersionMark> {
    return this.#rows.newest(ref);
  }

  override read(ref: SecretRef, version: number): Promise<SecretVersion> {
    return this.#rows.read(ref, version);
  }

  /**
   * Writes the next version, from 1 without a gap, and resolves to its number when it is durable. Many may write at
   * once.
   * @throws SecretStoreUnavailable, SecretMalformed, SecretRefInvalid
   */
  async put(ref: SecretRef, fields: ReadonlyMap<string, Secret>): Promise<number> {
    const version = await this.#rows.append(ref, fields);
    if (version === undefined) throw new Error('a write after any version was refused');
    return version;
  }

  /** The writing half of this store, for rotations. */
  rotated(): SealedRotatedSecrets {
    return new SealedRotatedSecrets(this.#rows);
  }
}

async function keyIdsIn(database: PostgresDatabase): Promise<string[]> {
  const rows = await database
    .query<{ key_id: string }>(`select distinct key_id from sealed_secret order by key_id`)
    .catch((error: unknown) => {
      throw unavailable(error);
    });
  return rows.map(({ key_id }) => key_id);
}
