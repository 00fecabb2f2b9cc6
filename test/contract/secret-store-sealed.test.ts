import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SealedSecretStore, SealKeyRefused } from '#adapters/embedded';
import { PostgresDatabase } from '#adapters/postgres';
import { type SecretRef, SecretStoreUnavailable } from '#credentials';
import { Secret } from '#kernel';
import { secretStoreContract, type SecretStoreUnderTest } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const ref: SecretRef = { mount: 'secret', path: 'legacy/ledger' };
const CANARY = 'canary-3f0c-sealed';
const fields = new Map([['password', Secret.of(CANARY)]]);

async function onDatabase(): Promise<{ postgres: TestDatabase; folder: string; keyFile: string }> {
  const postgres = (await testPostgres(18))!;
  const folder = await mkdtemp(path.join(tmpdir(), 'postern-sealed-'));
  return { postgres, folder, keyFile: path.join(folder, 'seal.key') };
}

describeWithServer('the sealed secret store', 'postgres-18', () => {
  secretStoreContract(async (): Promise<SecretStoreUnderTest> => {
    const { postgres, folder, keyFile } = await onDatabase();
    const store = await SealedSecretStore.open({ database: postgres.database, keyFile });
    return {
      store,
      mount: 'secret',
      put: (at, text) => store.put(at, text),
      close: async () => {
        await postgres.drop();
        await rm(folder, { recursive: true });
      },
    };
  });

  describe('on a database of its own', () => {
    let postgres: TestDatabase;
    let folder: string;
    let keyFile: string;
    let store: SealedSecretStore;

    beforeEach(async () => {
      ({ postgres, folder, keyFile } = await onDatabase());
      store = await SealedSecretStore.open({ database: postgres.database, keyFile });
      await store.put(ref, fields);
    });
    afterEach(async () => {
      await postgres.drop();
      await rm(folder, { recursive: true, force: true });
    });

    it('reads what it wrote after a restart, with the same key file', async () => {
      const again = await SealedSecretStore.open({ database: postgres.database, keyFile });
      const read = await again.read(ref, 1);

      expect(read.fields.get('password')?.reveal()).toBe(CANARY);
    });

    it('leaves no trace of the plaintext in the table', async () => {
      const rows = await postgres.database.query<{ text: string }>(
        `select row_to_json(s)::text || encode(ciphertext, 'escape') as text from sealed_secret s`,
      );
      expect(rows).toHaveLength(1);
      expect(rows[0]!.text).not.toContain('canary');
      expect(rows[0]!.text).not.toContain(Buffer.from(CANARY).toString('hex'));
    });

    it('seals the same secret to another text each time', async () => {
      await store.put(ref, fields);
      const rows = await postgres.database.query<{ hex: string }>(
        `select encode(nonce || ciphertext, 'hex') as hex from sealed_secret`,
      );
      expect(new Set(rows.map(({ hex }) => hex)).size).toBe(2);
    });

    const last = (column: string): string =>
      `set_byte(${column}, length(${column}) - 1, get_byte(${column}, length(${column}) - 1) # 1)`;
    it.each([
      [
        'one bit of the ciphertext is flipped',
        `ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)`,
      ],
      ['one bit of the tag is flipped', `ciphertext = ${last('ciphertext')}`],
      ['one bit of the nonce is flipped', `nonce = ${last('nonce')}`],
      ['the ciphertext is cut', `ciphertext = substring(ciphertext for 20)`],
      ['the ciphertext is emptied', `ciphertext = ''`],
      ['the nonce is lengthened', `nonce = nonce || '\\x00'`],
      ['the key id is another', `key_id = 'feedfeedfeedfeed'`],
    ])('refuses a row in which %s', async (_what, change) => {
      await postgres.database.query(`update sealed_secret set ${change}`);
      await expect(store.read(ref, 1)).rejects.toMatchObject({ condition: 'denied' });
      await expect(store.read(ref, 1)).rejects.toThrow(SecretStoreUnavailable);
    });

    it.each([
      ['path', { mount: 'secret', path: 'legacy/other' }, 1],
      ['mount', { mount: 'other', path: 'legacy/ledger' }, 1],
      ['version', ref, 7],
    ])('refuses a row that was moved to another %s', async (_what, moved, version) => {
      await postgres.database.query(
        `update sealed_secret set mount = $1, path = $2, version = $3`,
        [moved.mount, moved.path, version],
      );
      await expect(store.read(moved, version)).rejects.toThrow(/altered or moved/);
    });

    it('refuses a row whose path took a segment from its mount', async () => {
      await store.put({ mount: 'a', path: 'b/c' }, fields);
      await postgres.database.query(
        `update sealed_secret set mount = 'a/b', path = 'c' where mount = 'a'`,
      );
      await expect(store.read({ mount: 'a/b', path: 'c' }, 1)).rejects.toThrow(/altered or moved/);
    });

    it('refuses to start without its key file while secrets are sealed, and makes no new key', async () => {
      await unlink(keyFile);
      const start = SealedSecretStore.open({ database: postgres.database, keyFile });
      await expect(start).rejects.toThrow(/is missing.*restore it/s);
      await expect(readFile(keyFile)).rejects.toThrow(/ENOENT/);
    });

    it('refuses to start with the key of another installation', async () => {
      await writeFile(keyFile, randomBytes(32).toString('base64'));
      const start = SealedSecretStore.open({ database: postgres.database, keyFile });
      await expect(start).rejects.toThrow(SealKeyRefused);
    });

    it('is read by the proxy role, which cannot write', async () => {
      const database = await PostgresDatabase.connect({
        url: await postgres.urlAs('postern_proxy'),
        applicationName: 'sealed-test',
      });
      const asProxy = await SealedSecretStore.open({ database, keyFile });
      expect((await asProxy.read(ref, 1)).version).toBe(1);
      await expect(asProxy.put(ref, fields)).rejects.toThrow(/42501/);
      await database.close();
    });

    it('is unavailable when the database is', async () => {
      const database = await PostgresDatabase.connect({
        url: postgres.url,
        applicationName: 'sealed-test',
      });
      const cut = await SealedSecretStore.open({ database, keyFile });
      await database.close();
      await expect(cut.currentVersion(ref)).rejects.toMatchObject({ condition: 'unreachable' });
      await expect(cut.put(ref, fields)).rejects.toMatchObject({ condition: 'unreachable' });
    });
  });
});
