import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { SecretNotFound, type SecretRef, SecretRefInvalid, type SecretStore } from '#credentials';
import { Secret } from '#kernel';

/** A store under test, and what a Vault admin does to it behind Postern's back. */
export interface SecretStoreUnderTest {
  readonly store: SecretStore;
  /** A mount that this run may write to. */
  readonly mount: string;
  /** Writes the next version and resolves to its number. */
  put(ref: SecretRef, fields: ReadonlyMap<string, Secret>): Promise<number>;
  close(): Promise<void>;
}

/** A store whose admin can take a version back. */
export interface WithdrawingStoreUnderTest extends SecretStoreUnderTest {
  delete(ref: SecretRef, version: number): Promise<void>;
  undelete(ref: SecretRef, version: number): Promise<void>;
  destroy(ref: SecretRef, version: number): Promise<void>;
  /** Forgets the path and all its versions. */
  erase(ref: SecretRef): Promise<void>;
}

const freshRef = ({ mount }: SecretStoreUnderTest): SecretRef => ({
  mount,
  path: `contract/${randomUUID()}`,
});

/** The text of each field of what was read. */
const textOf = (fields: ReadonlyMap<string, Secret>): Record<string, string> =>
  Object.fromEntries([...fields].map(([name, secret]) => [name, secret.reveal()]));

const fieldsOf = (text: Record<string, string>): ReadonlyMap<string, Secret> =>
  new Map(Object.entries(text).map(([name, plaintext]) => [name, Secret.of(plaintext)]));

/** What every SecretStore keeps; see the port. */
export function secretStoreContract(make: () => Promise<SecretStoreUnderTest>): void {
  let tested: SecretStoreUnderTest;
  beforeAll(async () => {
    tested = await make();
  });
  afterAll(() => tested.close());

  describe('a secret that was written', () => {
    it('is version 1, and is read with every field', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ username: 'svc-ledger', password: 'correct horse' }));
      const mark = await tested.store.currentVersion(ref);
      const read = await tested.store.read(ref, mark.version);
      expect(mark.version).toBe(1);
      expect(read).toMatchObject({ ref, version: 1 });
      expect(textOf(read.fields)).toEqual({ username: 'svc-ledger', password: 'correct horse' });
    });

    it('comes back byte for byte for any field name and any text', async () => {
      const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(
          fc.uniqueArray(text, { minLength: 1, maxLength: 4 }),
          text,
          async (names, value) => {
            const written = Object.fromEntries(names.map((name) => [`f-${name}`, value]));
            const ref = freshRef(tested);
            const version = await tested.put(ref, fieldsOf(written));
            expect(textOf((await tested.store.read(ref, version)).fields)).toEqual(written);
          },
        ),
        { numRuns: 15 },
      );
    });

    it('keeps its versions apart: the pinned one stays readable when a newer one is written', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'first' }));
      const before = await tested.store.currentVersion(ref);
      await tested.put(ref, fieldsOf({ password: 'second' }));
      const after = await tested.store.currentVersion(ref);
      expect([before.version, after.version]).toEqual([1, 2]);
      expect(after.writing).not.toBe(before.writing);
      expect(textOf((await tested.store.read(ref, 1)).fields)).toEqual({ password: 'first' });
      expect(textOf((await tested.store.read(ref, 2)).fields)).toEqual({ password: 'second' });
    });

    it('keeps its mark while nobody writes', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'first' }));
      expect(await tested.store.currentVersion(ref)).toEqual(
        await tested.store.currentVersion(ref),
      );
    });

    it('stays hidden when what was read is printed', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'canary-c7f1' }));
      const read = await tested.store.read(ref, 1);
      const printed = inspect([read, tested.store], { depth: null, showHidden: true });
      expect(printed + JSON.stringify(read)).not.toContain('canary-c7f1');
    });

    it('is numbered without gap or repeat when many write at once', async () => {
      const ref = freshRef(tested);
      const numbers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          tested.put(ref, fieldsOf({ password: `at once ${String(index)}` })),
        ),
      );
      expect(numbers.sort((one, other) => one - other)).toEqual(
        Array.from({ length: 8 }, (_, index) => index + 1),
      );
      const read = await Promise.all(numbers.map((number) => tested.store.read(ref, number)));
      expect(new Set(read.map(({ fields }) => textOf(fields)['password'])).size).toBe(8);
    });
  });

  describe('two paths', () => {
    it('never answer for each other, however similar', async () => {
      const ref = freshRef(tested);
      const longer = { ...ref, path: `${ref.path}/below` };
      const similar = { ...ref, path: `${ref.path}-` };
      await tested.put(ref, fieldsOf({ password: 'one' }));
      await tested.put(longer, fieldsOf({ password: 'two' }));
      expect(textOf((await tested.store.read(ref, 1)).fields)).toEqual({ password: 'one' });
      expect(textOf((await tested.store.read(longer, 1)).fields)).toEqual({ password: 'two' });
      await expect(tested.store.read(similar, 1)).rejects.toThrow(SecretNotFound);
    });

    it('may hold characters that a URL would take for its own', async () => {
      const ref = { mount: tested.mount, path: `${freshRef(tested).path}/a b?c#d%2e%2e&=ü` };
      await tested.put(ref, fieldsOf({ password: 'odd path' }));
      expect(textOf((await tested.store.read(ref, 1)).fields)).toEqual({ password: 'odd path' });
    });
  });

  describe('what was never written', () => {
    it('has no current version', async () => {
      await expect(tested.store.currentVersion(freshRef(tested))).rejects.toThrow(SecretNotFound);
    });

    it.each([2, 99])('cannot be read as version %i', async (version) => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'only one' }));
      await expect(tested.store.read(ref, version)).rejects.toThrow(SecretNotFound);
    });

    it('is not found by a version that is none', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'not by zero' }));
      await expect(tested.store.read(ref, 0)).rejects.toThrow(SecretNotFound);
    });
  });

  it.each(['', '/a', 'a/', 'a//b', '.', 'a/../b', '..', 'a\nb'])(
    'refuses the path %j, which could name another secret',
    async (path) => {
      const ref = { mount: tested.mount, path };
      await expect(tested.store.currentVersion(ref)).rejects.toThrow(SecretRefInvalid);
      await expect(tested.store.read(ref, 1)).rejects.toThrow(SecretRefInvalid);
    },
  );
}

/** What a SecretStore keeps when versions are taken back behind it. */
export function secretWithdrawalContract(make: () => Promise<WithdrawingStoreUnderTest>): void {
  let tested: WithdrawingStoreUnderTest;
  beforeAll(async () => {
    tested = await make();
  });
  afterAll(() => tested.close());

  describe('a version that was taken back', () => {
    it('is not found while deleted, and the older one is not offered for it', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'first' }));
      await tested.put(ref, fieldsOf({ password: 'second' }));
      await tested.delete(ref, 2);
      await expect(tested.store.currentVersion(ref)).rejects.toThrow(SecretNotFound);
      await expect(tested.store.read(ref, 2)).rejects.toThrow(SecretNotFound);
      await tested.undelete(ref, 2);
      expect(textOf((await tested.store.read(ref, 2)).fields)).toEqual({ password: 'second' });
      expect((await tested.store.currentVersion(ref)).version).toBe(2);
    });

    it('is not found once destroyed', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'first' }));
      await tested.destroy(ref, 1);
      await expect(tested.store.currentVersion(ref)).rejects.toThrow(SecretNotFound);
      await expect(tested.store.read(ref, 1)).rejects.toThrow(SecretNotFound);
    });

    it('gets another mark when its path is erased and written again with the same number', async () => {
      const ref = freshRef(tested);
      await tested.put(ref, fieldsOf({ password: 'before' }));
      const before = await tested.store.currentVersion(ref);
      await tested.erase(ref);
      await tested.put(ref, fieldsOf({ password: 'after' }));
      const after = await tested.store.currentVersion(ref);
      expect(after.version).toBe(before.version);
      expect(after.writing).not.toBe(before.writing);
    });
  });
}
