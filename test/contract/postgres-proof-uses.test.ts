import { randomUUID } from 'node:crypto';
import { PostgresDatabase, PostgresProofUses, PostgresSharedKeys } from '#adapters/postgres';
import { DependencyUnavailable, secondsAfter, sha256 } from '#kernel';
import { proofUsesContract } from '#testing';
import { describeWithServer, type TestDatabase, testPostgres } from '#test-support';

const NOW = new Date('2026-11-20T12:00:00Z');
const AT_ONCE = 12;

describe.each([18, 15] as const)('PostgreSQL %i', (major) => {
  describeWithServer('proofs of possession', `postgres-${major}`, () => {
    let server: TestDatabase;
    let databases: PostgresDatabase[];

    beforeAll(async () => {
      server = (await testPostgres(major))!;
      databases = await Promise.all(
        (['postern_sts', 'postern_proxy', 'postern_control'] as const).map(async (role) =>
          PostgresDatabase.connect({ url: await server.urlAs(role), applicationName: role }),
        ),
      );
    });
    beforeEach(() => server.empty('proof_use', 'shared_key'));
    afterAll(async () => {
      await Promise.all(databases.map((database) => database.close()));
      await server.drop();
    });

    const rowCount = async (): Promise<number> =>
      (await server.database.query('select 1 from proof_use')).length;

    proofUsesContract(async () => ({
      uses: new PostgresProofUses(databases[0]!),
      twin: new PostgresProofUses(databases[1]!),
      close: async () => undefined,
    }));

    describe('the memory of proofs', () => {
      it('keeps the digest and its end, and nothing else', async () => {
        const uses = new PostgresProofUses(databases[2]!);
        const key = sha256(randomUUID());
        await uses.use(key, NOW);
        const rows = await server.database.query('select * from proof_use');
        expect(rows).toEqual([{ key: Buffer.from(key, 'hex'), expires_at: NOW }]);
      });

      it('forgets more than a page of them', async () => {
        await server.database.query(
          `insert into proof_use select sha256(convert_to(nth::text, 'UTF8')), $1 from generate_series(1, 12000) nth`,
          [secondsAfter(NOW, -1)],
        );
        expect(await new PostgresProofUses(databases[0]!).purge(NOW)).toBe(12_000);
        expect(await rowCount()).toBe(0);
      });

      it('forgets each of them once when several processes purge at once', async () => {
        await server.database.query(
          `insert into proof_use select sha256(convert_to(nth::text, 'UTF8')), $1 from generate_series(1, 500) nth`,
          [secondsAfter(NOW, -1)],
        );
        const counts = await Promise.all(
          databases.map((database) => new PostgresProofUses(database).purge(NOW)),
        );
        expect(counts.reduce((sum, count) => sum + count, 0)).toBe(500);
        expect(await rowCount()).toBe(0);
      });

      it('says that it is not reachable, and never that a proof is used for the first time', async () => {
        const url = await server.urlAs('postern_sts');
        const closed = await PostgresDatabase.connect({ url, applicationName: 'closed' });
        await closed.close();
        const use = new PostgresProofUses(closed).use(sha256(randomUUID()), NOW);
        await expect(use).rejects.toThrow(DependencyUnavailable);
        expect(await rowCount()).toBe(0);
      });
    });

    describe('shared keys', () => {
      it('are made once, however many processes ask for one at once', async () => {
        const keys = await Promise.all(
          Array.from({ length: AT_ONCE }, (_, nth) =>
            new PostgresSharedKeys(databases[nth % databases.length]!).load('dpop-nonce'),
          ),
        );
        expect(new Set(keys.map((key) => key.toString('hex'))).size).toBe(1);
        expect(keys[0]).toHaveLength(32);
      });

      it('are the same when a process starts again', async () => {
        const made = await new PostgresSharedKeys(databases[0]!).load('dpop-nonce');
        expect(await new PostgresSharedKeys(databases[1]!).load('dpop-nonce')).toEqual(made);
      });

      it('differ from purpose to purpose', async () => {
        const keys = new PostgresSharedKeys(databases[0]!);
        expect(await keys.load('one')).not.toEqual(await keys.load('other'));
      });
    });
  });
});
