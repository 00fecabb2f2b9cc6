import {
  refSegments,
  refText,
  SecretNotFound,
  type SecretRef,
  SecretStoreUnavailable,
  type SecretVersion,
  type VersionMark,
} from '#credentials';
import { DependencyUnavailable, PosternError, type Secret } from '#kernel';
import { type PostgresConnection, type PostgresDatabase } from '../postgres/index.js';
import { fieldsOfText, textOfFields } from './sealed-fields.js';
import { type SealKey } from './sealed-key.js';

interface SealedRow {
  readonly key_id: string;
  readonly nonce: Buffer;
  readonly ciphertext: Buffer;
}

const VERSION_MAX = 2_147_483_647;

/** The table of sealed secrets with the key that opens its rows. Only here rows are sealed and opened. */
export class SealedRows {
  constructor(
    private readonly database: PostgresDatabase,
    private readonly key: SealKey,
  ) {}

  /** @throws SecretNotFound, SecretStoreUnavailable, SecretRefInvalid */
  async newest(ref: SecretRef): Promise<VersionMark> {
    const [newest] = await this.query<{ version: number; nonce: Buffer }>(
      `select version, nonce from sealed_secret
       where mount = $1 and path = $2 order by version desc limit 1`,
      placeOf(ref),
    );
    if (newest === undefined) throw new SecretNotFound(ref);
    return { version: newest.version, writing: newest.nonce.toString('hex') };
  }

  /** @throws SecretNotFound, SecretStoreUnavailable, SecretRefInvalid */
  async read(ref: SecretRef, version: number): Promise<SecretVersion> {
    const place = placeOf(ref);
    if (!Number.isSafeInteger(version) || version < 1 || version > VERSION_MAX) {
      throw new SecretNotFound(ref, version);
    }
    const [row] = await this.query<SealedRow>(
      `select key_id, nonce, ciphertext from sealed_secret
       where mount = $1 and path = $2 and version = $3`,
      [...place, version],
    );
    if (row === undefined) throw new SecretNotFound(ref, version);
    const fields = fieldsOfText(this.#unseal(row, ref, version));
    return { ref: { mount: ref.mount, path: ref.path }, version, fields };
  }

  /**
   * Writes the next version, and resolves to its number when it is durable. Undefined: `after` is given, and is not the
   * newest version, so that nothing was written. Many may write at once.
   * @throws SecretStoreUnavailable, SecretMalformed, SecretRefInvalid
   */
  async append(
    ref: SecretRef,
    fields: ReadonlyMap<string, Secret>,
    after?: number,
  ): Promise<number | undefined> {
    const place = placeOf(ref);
    const text = textOfFields(fields, ref);
    return guarded(() =>
      this.database.transaction(async (connection) => {
        const newest = await lockedNewest(connection, place);
        if (after !== undefined && after !== newest) return undefined;
        const version = newest + 1;
        const { nonce, ciphertext } = this.key.seal(text, belonging(ref, version));
        await connection.query(
          `insert into sealed_secret (mount, path, version, key_id, nonce, ciphertext)
           values ($1, $2, $3, $4, $5, $6)`,
          [...place, version, this.key.id, nonce, ciphertext],
        );
        return version;
      }),
    );
  }

  /** Rows of the statement. @throws SecretStoreUnavailable */
  query<Row extends object>(text: string, values: readonly unknown[]): Promise<Row[]> {
    return guarded(() => this.database.query<Row>(text, values));
  }

  #unseal(row: SealedRow, ref: SecretRef, version: number): string {
    const where = `the sealed secret at ${refText(ref)}, version ${version},`;
    if (row.key_id !== this.key.id) {
      throw new SecretStoreUnavailable(
        'denied',
        `${where} was sealed by key ${row.key_id}, and POSTERN_SEAL_KEY_FILE holds ${this.key.id}: write it again`,
      );
    }
    const text = this.key.unseal(row, belonging(ref, version));
    if (text !== undefined) return text;
    throw new SecretStoreUnavailable(
      'denied',
      `${where} is not as it was written: its row was altered or moved. Find out by whom, then write it again`,
    );
  }
}

/** Mount and path, of a ref that can be an address. @throws SecretRefInvalid */
export function placeOf(ref: SecretRef): [mount: string, path: string] {
  refSegments(ref);
  return [ref.mount, ref.path];
}

/** The version is part of what is sealed, so it has to be known, and stay ours, before the row is written. */
async function lockedNewest(
  connection: PostgresConnection,
  place: readonly string[],
): Promise<number> {
  await connection.query(`select pg_advisory_xact_lock(hashtextextended($1, 0))`, [
    JSON.stringify(['sealed_secret', ...place]),
  ]);
  const [newest] = await connection.query<{ version: number | null }>(
    `select max(version) as version from sealed_secret where mount = $1 and path = $2`,
    place,
  );
  return newest?.version ?? 0;
}

const belonging = (ref: SecretRef, version: number): string[] => [
  ref.mount,
  ref.path,
  String(version),
];

const guarded = <T>(work: () => Promise<T>): Promise<T> =>
  work().catch((error: unknown) => {
    throw unavailable(error);
  });

/** What the database throws keeps its statement and parameters; none of it goes on as a cause. */
export function unavailable(error: unknown): PosternError {
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
