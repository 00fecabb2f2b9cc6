import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { openDpopKey, openOrCreateDpopKey } from './dpop-key-file.js';

let folder: string;
let file: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-dpop-key-'));
  file = join(folder, 'key.jwk');
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const openOrCreate = () => openOrCreateDpopKey(file, (line) => said.push(line));
const usage = (message: RegExp) =>
  expect.objectContaining({
    code: 'usage',
    message: expect.stringMatching(message) as unknown,
  }) as Error;

it('makes an absent file, readable by its owner only, and says so', async () => {
  await openOrCreate();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(said).toEqual([expect.stringContaining(file)]);
  expect(readdirSync(folder)).toEqual(['key.jwk']);
});

it('takes the key that is there, and says nothing', async () => {
  const { jkt } = await openOrCreate();
  const content = readFileSync(file, 'utf8');
  said = [];
  expect((await openOrCreate()).jkt).toBe(jkt);
  expect((await openDpopKey(file)).jkt).toBe(jkt);
  expect(readFileSync(file, 'utf8')).toBe(content);
  expect(said).toEqual([]);
});

it('writes nothing when the key is there', async () => {
  await openOrCreate();
  utimesSync(folder, 1, 1);
  await openOrCreate();
  expect(statSync(folder).mtimeMs).toBe(1000);
});

it('makes one key when many ask at once', async () => {
  const provers = await Promise.all(Array.from({ length: 8 }, openOrCreate));
  expect(new Set(provers.map(({ jkt }) => jkt)).size).toBe(1);
  expect(said).toHaveLength(1);
  expect(readdirSync(folder)).toEqual(['key.jwk']);
});

it.each([0o640, 0o620, 0o604, 0o602, 0o610, 0o644])(
  'refuses a file of mode %o: others may use the key',
  async (mode) => {
    await openOrCreate();
    chmodSync(file, mode);
    await expect(openOrCreate()).rejects.toEqual(usage(/chmod 600/));
    await expect(openDpopKey(file)).rejects.toEqual(usage(/chmod 600/));
  },
);

it('takes a file that its owner may only read', async () => {
  await openOrCreate();
  chmodSync(file, 0o400);
  await expect(openDpopKey(file)).resolves.toMatchObject({ jkt: expect.any(String) as unknown });
});

it('looks at the file behind a link', async () => {
  await openOrCreate();
  chmodSync(file, 0o644);
  const name = join(folder, 'link.jwk');
  symlinkSync(file, name);
  await expect(openDpopKey(name)).rejects.toEqual(usage(/chmod 600/));
});

it('makes no key for a call: a handle is bound to another one', async () => {
  await expect(openDpopKey(file)).rejects.toEqual(usage(/is not there/));
  expect(readdirSync(folder)).toEqual([]);
});

it.each([
  ['is empty', () => ''],
  ['is no JSON', (key: string) => key.slice(1)],
  ['has no private part', (key: string) => key.replace('"d"', '"e"')],
])('refuses a file that %s, and quotes nothing of it', async (_, spoil) => {
  await openOrCreate();
  const key = readFileSync(file, 'utf8');
  writeFileSync(file, spoil(key));
  const failure = openOrCreate();
  await expect(failure).rejects.toEqual(usage(/key\.jwk: the key for proofs cannot be used/));
  const { d } = JSON.parse(key) as { d: string };
  expect(inspect(await failure.catch((error: unknown) => error))).not.toContain(d.slice(0, 8));
});

it('refuses a folder and a file that is too large', async () => {
  mkdirSync(join(folder, 'folder'), { mode: 0o700 });
  await expect(openDpopKey(join(folder, 'folder'))).rejects.toEqual(usage(/no plain file/));
  writeFileSync(file, ' '.repeat(16 * 1024 + 1), { mode: 0o600 });
  await expect(openDpopKey(file)).rejects.toEqual(usage(/larger than 16 KiB/));
});

it('refuses to make a key in a folder that is not there', async () => {
  file = join(folder, 'absent', 'key.jwk');
  await expect(openOrCreate()).rejects.toEqual(usage(/its folder is not there/));
});

it('refuses standard input as a key file', async () => {
  file = '-';
  await expect(openOrCreate()).rejects.toEqual(usage(/wants a file/));
  await expect(openDpopKey('-')).rejects.toEqual(usage(/wants a file/));
});
