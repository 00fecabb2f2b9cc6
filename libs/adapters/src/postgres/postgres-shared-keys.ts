import { randomBytes } from 'node:crypto';
import { type PostgresDatabase } from './postgres-database.js';

const KEY_BYTES = 32;

/**
 * Random keys of 32 bytes that all processes of a deployment share, one a purpose, such as that of DPoP nonces. Whoever
 * needs one first makes it. Needs the role postern_sts, postern_proxy or postern_control, all of which can read all
 * of them: nothing that one of these must be kept from may hang on such a key.
 */
export class PostgresSharedKeys {
  constructor(private readonly database: PostgresDatabase) {}

  /**
   * The key of the purpose, the same for every process, however many ask at once.
   * @throws DependencyUnavailable
   */
  async load(purpose: string): Promise<Buffer> {
    const known = await this.#find(purpose);
    if (known !== undefined) return known;
    await this.database.query(
      'insert into public.shared_key (purpose, key) values ($1, $2) on conflict (purpose) do nothing',
      [purpose, randomBytes(KEY_BYTES)],
    );
    const made = await this.#find(purpose);
    if (made === undefined) throw new Error('a shared key is gone as soon as it is made');
    return made;
  }

  async #find(purpose: string): Promise<Buffer | undefined> {
    const [row] = await this.database.query<{ key: Buffer }>(
      'select key from public.shared_key where purpose = $1',
      [purpose],
    );
    return row?.key;
  }
}
