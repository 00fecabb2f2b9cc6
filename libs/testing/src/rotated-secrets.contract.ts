import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import fc from 'fast-check';
import {
  SecretMalformed,
  SecretNotFound,
  type SecretRef,
  SecretRefInvalid,
  type SecretStore,
} from '#credentials';
import { randomId, Secret } from '#kernel';
import { type RotatedSecrets, SecretMoved } from '#rotation';

/** Both halves of one store, and what happens behind Postern's back. */
export interface RotatedSecretsUnderTest {
  readonly secrets: RotatedSecrets;
  readonly store: SecretStore;
  /** A mount that this run may write to. */
  readonly mount: string;
  /** An administrator writes the next version; its number. */
  put(ref: SecretRef, fields: ReadonlyMap<string, Secret>): Promise<number>;
  /** The time of a pending value has come. */
  expire(ref: SecretRef, rotationId: string): Promise<void>;
  close(): Promise<void>;
}

const of = (text: Record<string, string>): ReadonlyMap<string, Secret> =>
  new Map(Object.entries(text).map(([name, plaintext]) => [name, Secret.of(plaintext)]));

const textOf = (fields: ReadonlyMap<string, Secret> | undefined): object | undefined =>
  fields && Object.fromEntries([...fields].map(([name, secret]) => [name, secret.reveal()]));

/** What every RotatedSecrets keeps; see the port. */
export function rotatedSecretsContract(make: () => Promise<RotatedSecretsUnderTest>): void {
  let tested: RotatedSecretsUnderTest;
  let ref: SecretRef;
  let rotationId: string;
  beforeAll(async () => {
    tested = await make();
  });
  beforeEach(() => {
    ref = { mount: tested.mount, path: `contract/${randomUUID()}` };
    rotationId = randomId('rot');
  });
  afterAll(() => tested.close());

  const read = async (version: number): Promise<object | undefined> =>
    textOf((await tested.store.read(ref, version)).fields);

  describe('a pending value', () => {
    it('is kept with every field, and is no version of the live path', async () => {
      await tested.put(ref, of({ password: 'live' }));
      await tested.secrets.stage(ref, rotationId, of({ username: 'svc', password: 'pending' }));
      const staged = await tested.secrets.staged(ref, rotationId);
      expect(textOf(staged)).toEqual({ username: 'svc', password: 'pending' });
      expect((await tested.store.currentVersion(ref)).version).toBe(1);
      expect(await read(1)).toEqual({ password: 'live' });
    });

    it('comes back byte for byte for any field name and any text', async () => {
      const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(text, text, async (name, value) => {
          const id = randomId('rot');
          await tested.secrets.stage(ref, id, of({ [`f-${name}`]: value }));
          const staged = await tested.secrets.staged(ref, id);
          expect(textOf(staged)).toEqual({ [`f-${name}`]: value });
        }),
        { numRuns: 10 },
      );
    });

    it('stays when another is staged for the same rotation', async () => {
      await tested.secrets.stage(ref, rotationId, of({ password: 'first' }));
      await tested.secrets.stage(ref, rotationId, of({ password: 'second' }));
      const staged = await tested.secrets.staged(ref, rotationId);
      expect(textOf(staged)).toEqual({ password: 'first' });
    });

    it('is one of them when many are staged at once', async () => {
      const values = Array.from({ length: 6 }, (_, index) => ({ password: `at once ${index}` }));
      await Promise.all(values.map((value) => tested.secrets.stage(ref, rotationId, of(value))));
      const staged = textOf(await tested.secrets.staged(ref, rotationId));
      expect(values).toContainEqual(staged);
      expect(textOf(await tested.secrets.staged(ref, rotationId))).toEqual(staged);
    });

    it('belongs to its rotation and its ref alone', async () => {
      await tested.secrets.stage(ref, rotationId, of({ password: 'mine' }));
      const other = { ...ref, path: `${ref.path}-` };
      expect(await tested.secrets.staged(ref, randomId('rot'))).toBeUndefined();
      expect(await tested.secrets.staged(other, rotationId)).toBeUndefined();
    });

    it('is gone once discarded, twice as well, and another may be staged', async () => {
      await tested.secrets.stage(ref, rotationId, of({ password: 'first' }));
      await tested.secrets.discard(ref, rotationId);
      await tested.secrets.discard(ref, rotationId);
      expect(await tested.secrets.staged(ref, rotationId)).toBeUndefined();
      await tested.secrets.stage(ref, rotationId, of({ password: 'second' }));
      const staged = await tested.secrets.staged(ref, rotationId);
      expect(textOf(staged)).toEqual({ password: 'second' });
    });

    it('goes away by itself, and then another may be staged, which stays', async () => {
      await tested.secrets.stage(ref, rotationId, of({ password: 'first' }));
      await tested.expire(ref, rotationId);
      expect(await tested.secrets.staged(ref, rotationId)).toBeUndefined();
      await tested.secrets.stage(ref, rotationId, of({ password: 'second' }));
      await tested.secrets.stage(ref, rotationId, of({ password: 'third' }));
      const staged = await tested.secrets.staged(ref, rotationId);
      expect(textOf(staged)).toEqual({ password: 'second' });
    });

    it('stays hidden when it is printed', async () => {
      await tested.secrets.stage(ref, rotationId, of({ password: 'canary-77d0' }));
      const staged = await tested.secrets.staged(ref, rotationId);
      const printed = inspect([staged, tested.secrets], { depth: null, showHidden: true });
      expect(staged?.size).toBe(1);
      expect(printed + JSON.stringify([...(staged ?? [])])).not.toContain('canary-77d0');
    });
  });

  describe('a write', () => {
    const place = (after: number): { after: number; token: string } => ({
      after,
      token: randomUUID(),
    });

    it('makes the version after the one that is named, for all who read', async () => {
      await tested.put(ref, of({ password: 'first' }));
      const before = await tested.store.currentVersion(ref);
      expect(await tested.secrets.write(ref, place(1), of({ password: 'second' }))).toBe(2);
      const after = await tested.store.currentVersion(ref);
      expect(after.version).toBe(2);
      expect(after.writing).not.toBe(before.writing);
      expect(await read(1)).toEqual({ password: 'first' });
      expect(await read(2)).toEqual({ password: 'second' });
    });

    it('makes version 1 of a path that was never written', async () => {
      expect(await tested.secrets.write(ref, place(0), of({ password: 'first' }))).toBe(1);
      expect(await read(1)).toEqual({ password: 'first' });
    });

    it.each([0, 1, 3])(
      'after version %i, where 2 is the newest, writes nothing: it moved',
      async (after) => {
        await tested.put(ref, of({ password: 'first' }));
        await tested.put(ref, of({ password: "an administrator's" }));
        const write = tested.secrets.write(ref, place(after), of({ password: 'ours' }));
        await expect(write).rejects.toThrow(SecretMoved);
        expect((await tested.store.currentVersion(ref)).version).toBe(2);
        expect(await read(2)).toEqual({ password: "an administrator's" });
      },
    );

    it('is one of those that are made at once after the same version', async () => {
      await tested.put(ref, of({ password: 'first' }));
      const writes = await Promise.allSettled(
        Array.from({ length: 8 }, (_, index) =>
          tested.secrets.write(ref, place(1), of({ password: `at once ${index}` })),
        ),
      );
      const won = writes.flatMap((write, index) => (write.status === 'fulfilled' ? [index] : []));
      const lost = writes.flatMap((write) =>
        write.status === 'rejected' ? [write.reason as unknown] : [],
      );
      expect(won).toHaveLength(1);
      expect(lost.every((reason) => reason instanceof SecretMoved)).toBe(true);
      expect((await tested.store.currentVersion(ref)).version).toBe(2);
      expect(await read(2)).toEqual({ password: `at once ${won[0]!}` });
    });

    it('and a pending value never touch each other', async () => {
      await tested.secrets.stage(ref, rotationId, of({ password: 'pending' }));
      await tested.secrets.write(ref, place(0), of({ password: 'live' }));
      await tested.secrets.discard(ref, rotationId);
      expect(await read(1)).toEqual({ password: 'live' });
    });

    it.each([
      ['no field', of({})],
      ['more fields than it may have', of(Object.fromEntries(nameLess(65)))],
      ['more text than it may have', of({ password: 'x'.repeat(256 * 1024) })],
    ])('of %s is refused, and so is staging it', async (_what, fields) => {
      await expect(tested.secrets.write(ref, place(0), fields)).rejects.toThrow(SecretMalformed);
      await expect(tested.secrets.stage(ref, rotationId, fields)).rejects.toThrow(SecretMalformed);
      await expect(tested.store.currentVersion(ref)).rejects.toThrow(SecretNotFound);
      expect(await tested.secrets.staged(ref, rotationId)).toBeUndefined();
    });
  });

  describe('a version that is destroyed', () => {
    beforeEach(async () => {
      await tested.put(ref, of({ password: 'first' }));
      await tested.put(ref, of({ password: 'second' }));
    });

    it('is not found any more, and the others are', async () => {
      await tested.secrets.destroy(ref, 1);
      await expect(tested.store.read(ref, 1)).rejects.toThrow(SecretNotFound);
      expect(await read(2)).toEqual({ password: 'second' });
      expect((await tested.store.currentVersion(ref)).version).toBe(2);
    });

    it('may be destroyed again, and one that never was', async () => {
      await tested.secrets.destroy(ref, 1);
      for (const version of [1, 0, 3, 99]) await tested.secrets.destroy(ref, version);
      await tested.secrets.destroy({ ...ref, path: `${ref.path}/never` }, 1);
      expect(await read(2)).toEqual({ password: 'second' });
    });

    it('never gives its number to another', async () => {
      await tested.secrets.destroy(ref, 1);
      const version = await tested.secrets.write(
        ref,
        { after: 2, token: randomUUID() },
        of({ password: 'third' }),
      );
      expect(version).toBe(3);
      await expect(tested.store.read(ref, 1)).rejects.toThrow(SecretNotFound);
    });

    it('is never the newest, which calls use', async () => {
      await expect(tested.secrets.destroy(ref, 2)).rejects.toThrow(SecretMoved);
      expect(await read(2)).toEqual({ password: 'second' });
    });
  });

  it.each(['', '/a', 'a/', 'a//b', 'a/../b', 'a\nb'])('refuses the path %j', async (path) => {
    const odd = { mount: tested.mount, path };
    const fields = of({ password: 'x' });
    const { secrets } = tested;
    for (const call of [
      () => secrets.stage(odd, rotationId, fields),
      () => secrets.staged(odd, rotationId),
      () => secrets.discard(odd, rotationId),
      () => secrets.write(odd, { after: 0, token: randomUUID() }, fields),
      () => secrets.destroy(odd, 1),
    ]) {
      await expect(call()).rejects.toThrow(SecretRefInvalid);
    }
  });

  it.each(['', '..', 'a/b', 'rot_1\n', 'x'.repeat(65)])(
    'refuses %j for the id of a rotation',
    async (id) => {
      await expect(tested.secrets.stage(ref, id, of({ a: 'b' }))).rejects.toThrow(SecretRefInvalid);
      await expect(tested.secrets.staged(ref, id)).rejects.toThrow(SecretRefInvalid);
      await expect(tested.secrets.discard(ref, id)).rejects.toThrow(SecretRefInvalid);
    },
  );
}

const nameLess = (count: number): [string, string][] =>
  Array.from({ length: count }, (_, index) => [`f${index}`, 'x']);
