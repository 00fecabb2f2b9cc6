import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256OfParts, type Digest } from '#kernel';
import { GRANT_FILE_BYTES_MAX, type GrantFileText } from '#policy';
import { GrantFolderUnreadable } from './grant-folder-unreadable.js';

const GRANT_FILES_MAX = 2000;
const EXTENSION = /\.ya?ml$/;

/** All grant files of a folder as they were read at one time. */
export interface GrantFolder {
  readonly files: readonly GrantFileText[];
  /** Over names and contents. */
  readonly digest: Digest;
}

/**
 * Reads `*.yaml` and `*.yml` of the folder itself, not of folders below; names that start with a dot are left out
 * (editors' and Kubernetes' own). A symbolic link is followed wherever it leads.
 * @throws GrantFolderUnreadable when the folder or one of the files cannot be read: part of a set is none.
 */
export async function readGrantFolder(folder: string): Promise<GrantFolder> {
  const names = (await namesIn(folder)).filter(isGrantFile).sort();
  if (names.length > GRANT_FILES_MAX) {
    throw new GrantFolderUnreadable(
      `${folder} holds ${names.length} grant files, at most ${GRANT_FILES_MAX}`,
    );
  }
  const files: GrantFileText[] = [];
  for (const name of names) files.push(await readGrantFile(join(folder, name)));
  return { files, digest: sha256OfParts(files.flatMap(({ file, text }) => [file, text])) };
}

const isGrantFile = (name: string): boolean => !name.startsWith('.') && EXTENSION.test(name);

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    throw new GrantFolderUnreadable(
      `the folder of grant files ${folder} cannot be read (${reasonOf(error)}): set "grants" in postern.yaml to a folder that exists`,
      { cause: error },
    );
  }
}

async function readGrantFile(file: string): Promise<GrantFileText> {
  try {
    // Asked before it is opened: opening a named pipe would wait for ever.
    if (!(await stat(file)).isFile()) throw new GrantFolderUnreadable(`${file} is not a file`);
    return { file, text: decode(file, await readBounded(file)) };
  } catch (error) {
    if (error instanceof GrantFolderUnreadable) throw error;
    throw new GrantFolderUnreadable(`${file} cannot be read (${reasonOf(error)})`, {
      cause: error,
    });
  }
}

async function readBounded(file: string): Promise<Uint8Array> {
  const opened = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(GRANT_FILE_BYTES_MAX + 1);
    let length = 0;
    for (let read = -1; read !== 0 && length < buffer.length; length += read) {
      read = (await opened.read(buffer, length, buffer.length - length, length)).bytesRead;
    }
    if (length <= GRANT_FILE_BYTES_MAX) return buffer.subarray(0, length);
    throw new GrantFolderUnreadable(`${file} is larger than ${GRANT_FILE_BYTES_MAX} bytes`);
  } finally {
    await opened.close();
  }
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new GrantFolderUnreadable(`${file} is not UTF-8`, { cause: error });
  }
}

const reasonOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error
    ? String(error.code)
    : String(error);
