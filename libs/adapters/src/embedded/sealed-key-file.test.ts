import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createSealKey, openSealKey, SealKeyRefused } from '#adapters/embedded';

describe('the seal key file', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'postern-seal-key-'));
    file = path.join(folder, 'made', 'seal.key');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('is made with 32 random bytes in base64, for its owner alone, with nothing beside it', async () => {
    await createSealKey(file);
    expect(Buffer.from(await readFile(file, 'utf8'), 'base64')).toHaveLength(32);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(path.dirname(file))).toEqual(['seal.key']);
  });

  it('gives the same key at each opening', async () => {
    const made = await createSealKey(file);
    const opened = await openSealKey(file);
    expect(opened?.unseal(made.seal('text', []), [])).toBe('text');
  });

  it('is made once, when many make it at the same time', async () => {
    const made = await Promise.all(Array.from({ length: 8 }, () => createSealKey(file)));
    const opened = await openSealKey(file);
    expect(new Set(made.map(({ id }) => id))).toEqual(new Set([opened?.id]));
    expect(await readdir(path.dirname(file))).toEqual(['seal.key']);
  });

  it('is not there before it was made', async () => {
    expect(await openSealKey(file)).toBeUndefined();
  });

  const base64 = (bytes: number): string => randomBytes(bytes).toString('base64');
  it.each([
    ['nothing', ''],
    ['16 bytes', base64(16)],
    ['31 bytes', base64(31)],
    ['33 bytes', base64(33)],
    ['hexadecimal digits', randomBytes(32).toString('hex')],
    ['base64url', Buffer.alloc(32, 0xff).toString('base64url')],
    ['bits that base64 drops', `${'A'.repeat(42)}B=`],
    ['a key and more', `${base64(32)}\n${base64(32)}`],
    ['more than a key file', 'A'.repeat(5000)],
  ])('is refused when it holds %s', async (_what, text) => {
    await mkdir(path.dirname(file));
    await writeFile(file, text, { mode: 0o600 });
    await expect(openSealKey(file)).rejects.toThrow(SealKeyRefused);
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o660, 0o644])(
    'is refused while others may touch it (mode %o)',
    async (mode) => {
      await createSealKey(file);
      await chmod(file, mode);
      await expect(openSealKey(file)).rejects.toThrow(/chmod 600/);
      await chmod(file, 0o400);
      expect(await openSealKey(file)).toBeDefined();
    },
  );

  it('is refused, never replaced, when something else has its name', async () => {
    await mkdir(file, { recursive: true, mode: 0o700 });
    await expect(openSealKey(file)).rejects.toThrow(SealKeyRefused);
    await expect(createSealKey(file)).rejects.toThrow(SealKeyRefused);
  });

  it('quotes nothing of its content when it is refused', async () => {
    await mkdir(path.dirname(file));
    await writeFile(file, 'canary-of-a-key-file', { mode: 0o600 });
    await expect(openSealKey(file)).rejects.not.toThrow(/canary/);
  });
});
