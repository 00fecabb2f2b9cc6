import {
  refSegments,
  refText,
  SecretNotFound,
  type SecretRef,
  SecretStore,
  SecretStoreUnavailable,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { DependencyUnavailable, PosternError, type Secret } from '#kernel';
import { type PostgresDatabase } from '../postgres/index.js';
import { fieldsOfText, textOfFields } from './sealed-fields.js';
import { type SealKey, SealKeyRefused } from './sealed-key.js';
import { createSealKey, openSealKey } from './sealed-key-file.js';

export interface SealedSecretStoreSettings {
  /** Migrated. Reading needs `select` on `sealed_secret`, `put` needs `insert` as well. */
  readonly database: PostgresDatabase;
  /** POSTERN_SEAL_KEY_FILE; made at the first start. */
  readonly keyFile: string;
}

interface SealedRow {
  readonly key_id: string;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

const VERSION_MAX = 2_147_483_647;

/**
 * Secrets in PostgreSQL, sealed by a key that lies in a file: whoever has the database alone can read none of them,
 * and can neither change one nor move it to another path or version. Who can write the table can still delete rows,
 * and so bring an older version back.
 */
export class SealedSecretStore extends SecretStore {
  readonly #database: PostgresDatabase;
  readonly #key: SealKey;

  private constructor(database: PostgresDatabase, key: SealKey) {
    super();
    this.#database = database;
    this.#key = key;
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

  override async currentVersion(ref: SecretRef): Promise<VersionMark> {
    refSegments(ref);
    const [newest] = await this.#rows<{ version: number; nonce: Buffer }>(
      `select version, nonce from sealed_secret
       where mount = $1 and path = $2 order by version desc limit 1`,
      [ref.mount, ref.path],
    );
    if (newest === undefined) throw new SecretNotFound(ref);
    return { version: newest.version, writing: newest.nonce.toString('hex') };
  }

  override async read(ref: SecretRef, version: number): Promise<SecretVersion> {
    refSegments(ref);
    if (!Number.isSafeInteger(version) || version < 1 || version > VERSION_MAX) {
      throw new SecretNotFound(ref, version);
    }
    const [row] = await this.#rows<SealedRow>(
      `select key_id, nonce, ciphertext from sealed_secret
       where mount = $1 and path = $2 and version = $3`,
      [ref.mount, ref.path, version],
    );
    if (row === undefined) throw new SecretNotFound(ref, version);
    const fields = fieldsOfText(this.#unseal(row, ref, version));
    return { ref: { mount: ref.mount, path: ref.path }, version, fields };
  }

  /**
   * Writes the next version, from 1 without a gap, and resolves to its number when it is durable. Many may write at
   * once.
   * @throws SecretStoreUnavailable, SecretMalformed, SecretRefInvalid
   */
  async put(ref: SecretRef, fields: ReadonlyMap<string, Secret>): Promise<number> {
    refSegments(ref);
    const text = textOfFields(fields, ref);
    const place = [ref.mount, ref.path];
    return this.#guarded(() =>
      this.#database.transaction(async (connection) => {
        // The version is part of what is sealed, so it has to be known, and stay ours, before the row is written.
        await connection.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [
          JSON.stringify(['sealed_secret', ...place]),
        ]);
        const [newest] = await connection.query<{ version: number }>(
          `select max(version) as version from sealed_secret where mount = $1 and path = $2`,
          place,
        );
        const version = (newest?.version ?? 0) + 1;
        const { nonce, ciphertext } = this.#key.seal(text, belonging(ref, version));
        await connection.query(
          `insert into sealed_secret (mount, path, version, key_id, nonce, ciphertext)
           values ($1, $2, $3, $4, $5, $6)`,
          [...place, version, this.#key.id, nonce, ciphertext],
        );
        return version;
      }),
    );
  }

  #unseal(row: SealedRow, ref: SecretRef, version: number): string {
    const where = `the sealed secret at ${refText(ref)}, version ${version},`;
    if (row.key_id !== this.#key.id) {
      throw new SecretStoreUnavailable(
        'denied',
        `${where} was sealed by key ${row.key_id}, and POSTERN_SEAL_KEY_FILE holds ${this.#key.id}: write it again`,
      );
    }
    const text = this.#key.unseal(row, belonging(ref, version));
    if (text !== undefined) return text;
    throw new SecretStoreUnavailable(
      'denied',
      `${where} is not as it was written: its row was altered or moved. Find out by whom, then write it again`,
    );
  }

  #rows<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return this.#guarded(() => this.#database.query<Row>(text, values));
  }

  #guarded<T>(work: () => Promise<T>): Promise<T> {
    return work().catch((error: unknown) => {
      throw unavailable(error);
    });
  }
}

const belonging = (ref: SecretRef, version: number): string[] => [
  ref.mount,
  ref.path,
  String(version),
];

async function keyIdsIn(database: PostgresDatabase): Promise<string[]> {
  const rows = await database
    .query<{ key_id: string }>(`select distinct key_id from sealed_secret order by key_id`)
    .catch((error: unknown) => {
      throw unavailable(error);
    });
  return rows.map(({ key_id }) => key_id);
}

/** What the database throws keeps its statement and parameters; none of it goes on as a cause. */
function unavailable(error: unknown): PosternError {
  if (error instanceof DependencyUnavailable) {
    return new SecretStoreUnavailable('unreachable', error.message);
  }
  if (error instanceof PosternError) return error;
  const state = (error as { code?: string }).code ?? 'no SQLSTATE';
  return new SecretStoreUnavailable(
    'unreachable',
    `PostgreSQL refuses a statement on the table sealed_secret (${state}): is it migrated, and may our role use it?`,
  );
}
