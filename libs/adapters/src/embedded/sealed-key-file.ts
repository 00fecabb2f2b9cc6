import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, unlink } from 'node:fs/promises';
import path from 'node:path';
import { KEY_BYTES, SealKey, SealKeyRefused } from './sealed-key.js';

const FILE_BYTES_MAX = 1024;
const OTHERS_MAY = 0o077;
/** 32 bytes as canonical base64 (RFC 4648 section 4): 43 characters, the last with two zero bits, and one `=`. */
const BASE64_KEY = /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/;

/** The key in that file; undefined when there is no such file. @throws SealKeyRefused */
export async function openSealKey(file: string): Promise<SealKey | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(file, 'r');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw refusal(file, `cannot be opened (${codeOf(error)})`);
  }
  try {
    return await readKey(handle, file);
  } finally {
    await handle.close();
  }
}

/** Makes a key and its file, mode 0600; when another process was faster, takes that one's. @throws SealKeyRefused */
export async function createSealKey(file: string): Promise<SealKey> {
  const bytes = randomBytes(KEY_BYTES);
  const fresh = `${file}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
    await writeDurably(fresh, `${bytes.toString('base64')}\n`);
    // link, not rename: it never replaces a key that is there, and nobody sees half a file.
    await link(fresh, file).finally(() => unlink(fresh));
    await syncFolder(path.dirname(file));
    return SealKey.of(bytes);
  } catch (error) {
    const other = codeOf(error) === 'EEXIST' ? await openSealKey(file) : undefined;
    if (other !== undefined) return other;
    throw refusal(file, `cannot be made (${codeOf(error)})`);
  }
}

async function readKey(handle: FileHandle, file: string): Promise<SealKey> {
  const { mode, size } = await handle.stat();
  if ((mode & OTHERS_MAY) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0');
    throw refusal(file, `may be read or written by others (mode ${octal}); chmod 600 it`);
  }
  const text = size > FILE_BYTES_MAX ? '' : (await handle.readFile('utf8')).trim();
  if (!BASE64_KEY.test(text)) {
    throw refusal(file, `does not hold ${KEY_BYTES} bytes in base64; restore it from your backup`);
  }
  return SealKey.of(Buffer.from(text, 'base64'));
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Without it the file's name could be lost in a crash, while what was sealed is not. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? 'unknown failure';

const refusal = (file: string, what: string): SealKeyRefused =>
  new SealKeyRefused(`the file of POSTERN_SEAL_KEY_FILE, ${file}, ${what}`);
