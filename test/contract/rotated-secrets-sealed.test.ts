import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { SealedSecretStore } from '#adapters/embedded';
import { PostgresDatabase } from '#adapters/postgres';
import { type SecretRef } from '#credentials';
import { randomId, Secret } from '#kernel';
import { pendingRef, type RotatedSecrets } from '#rotation';
import { rotatedSecretsContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const ref: SecretRef = { mount: 'secret', path: 'legacy/ledger' };
const CANARY = 'canary-8e15-pending';
const fields = new Map([['password', Secret.of(CANARY)]]);
const MAKE_OLD = `update sealed_secret set created_at = created_at - interval '31 days'`;

describeWithServer('the rotated secrets of the sealed store', 'postgres-18', () => {
  let postgres: TestDatabase;
  let folder: string;
  let keyFile: string;
  const setUp = async (): Promise<SealedSecretStore> => {
    postgres = (await testPostgres(18))!;
    folder = await mkdtemp(path.join(tmpdir(), 'postern-sealed-'));
    keyFile = path.join(folder, 'seal.key');
    return SealedSecretStore.open({ database: postgres.database, keyFile });
  };
  const tearDown = async (): Promise<void> => {
    await postgres.drop();
    await rm(folder, { recursive: true });
  };

  describe('as every other', () => {
    rotatedSecretsContract(async () => {
      const store = await setUp();
      const { database } = postgres;
      return {
        store,
        secrets: store.rotated(),
        mount: 'secret',
        put: (of, texts) => store.put(of, texts),
        expire: async (of, rotationId) => {
          const pending = pendingRef(of, rotationId);
          await database.query(`${MAKE_OLD} where path = $1`, [pending.path]);
        },
        close: tearDown,
      };
    });
  });

  describe('on a database of its own', () => {
    let store: SealedSecretStore;
    let secrets: RotatedSecrets;
    const rotationId = randomId('rot');

    const pathsLeft = async (): Promise<string[]> => {
      const rows = await postgres.database.query<{ path: string }>(
        'select distinct path from sealed_secret order by path',
      );
      return rows.map((row) => row.path);
    };

    beforeEach(async () => {
      store = await setUp();
      secrets = store.rotated();
    });
    afterEach(tearDown);

    it('leave no trace of a pending value, nor of its plaintext, in the table', async () => {
      await secrets.stage(ref, rotationId, fields);
      const [row] = await postgres.database.query<{ text: string }>(
        `select row_to_json(s)::text || encode(ciphertext, 'escape') as text from sealed_secret s`,
      );
      expect(row!.text).toContain('pending');
      expect(row!.text).not.toContain('canary');
      await secrets.discard(ref, rotationId);
      expect(await pathsLeft()).toEqual([]);
    });

    it('cannot be passed off for the live value by whoever has the database alone', async () => {
      await secrets.stage(ref, rotationId, fields);
      await postgres.database.query('update sealed_secret set path = $1', [ref.path]);
      await expect(store.read(ref, 1)).rejects.toThrow(/altered or moved/);
    });

    it('take pending values of long ago away with the next one, and nothing else', async () => {
      const similar = { mount: 'secret', path: 'legacy/ledger.pending/of-somebody' };
      await store.put(ref, fields);
      await store.put(similar, fields);
      await secrets.stage(ref, rotationId, fields);
      await secrets.stage(ref, `${rotationId}-2`, fields);
      await postgres.database.query(MAKE_OLD);
      const young = randomId('rot');
      await secrets.stage(ref, young, fields);
      const pending = `legacy/ledger.pending/${young}`;
      expect(await pathsLeft()).toEqual([ref.path, similar.path, pending].sort());
    });

    it('are written by the rotator role, read by the proxy role, and never the other way round', async () => {
      const asRole = async (role: 'postern_rotator' | 'postern_proxy') => {
        const database = await PostgresDatabase.connect({
          url: await postgres.urlAs(role),
          applicationName: 'sealed-test',
        });
        return { database, store: await SealedSecretStore.open({ database, keyFile }) };
      };
      const rotator = await asRole('postern_rotator');
      const proxy = await asRole('postern_proxy');
      const place = { after: 0, token: 'a' };
      const ours = rotator.store.rotated();
      await ours.stage(ref, rotationId, fields);
      expect(await ours.write(ref, place, fields)).toBe(1);
      expect(await ours.write(ref, { ...place, after: 1 }, fields)).toBe(2);
      await ours.destroy(ref, 1);
      await ours.discard(ref, rotationId);
      expect((await proxy.store.read(ref, 2)).version).toBe(2);
      const theirs = proxy.store.rotated();
      await expect(theirs.stage(ref, rotationId, fields)).rejects.toThrow(/42501/);
      await expect(theirs.write(ref, { ...place, after: 2 }, fields)).rejects.toThrow(/42501/);
      await expect(theirs.destroy(ref, 1)).rejects.toThrow(/42501/);
      await expect(theirs.discard(ref, rotationId)).rejects.toThrow(/42501/);
      await rotator.database.close();
      await proxy.database.close();
    });

    it('are unavailable when the database is', async () => {
      const database = await PostgresDatabase.connect({
        url: postgres.url,
        applicationName: 'sealed-test',
      });
      const cut = (await SealedSecretStore.open({ database, keyFile })).rotated();
      await database.close();
      for (const call of [
        () => cut.stage(ref, rotationId, fields),
        () => cut.staged(ref, rotationId),
        () => cut.discard(ref, rotationId),
        () => cut.write(ref, { after: 0, token: 'a' }, fields),
        () => cut.destroy(ref, 1),
      ]) {
        await expect(call()).rejects.toMatchObject({ condition: 'unreachable' });
      }
    });
  });
});
