import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { access, type FileHandle, link, open, rm, writeFile } from 'node:fs/promises';
import { DpopProver, generateDpopJwk, PosternClientError } from '#client';
import { UsageError } from './usage-error.js';

const OWNER_ONLY = 0o600;
/** Any right of the group or of others. */
const OTHERS = 0o077;
const KEY_FILE_BYTES_MAX = 16 * 1024;

/**
 * The prover whose private key, a P-256 JWK, is in the file. When the file is absent it is made with a new key, readable
 * by its owner only, and `say` hears of it.
 * @throws UsageError that names the file and quotes nothing of it
 */
export async function openOrCreateDpopKey(
  file: string,
  say: (line: string) => void,
): Promise<DpopProver> {
  assertNamed(file);
  // First a look, so that a key in a folder that cannot be written works.
  if (!(await isThere(file)) && (await createKeyFile(file))) {
    say(`${file}: made with a new key, readable by you only; postern call needs it as --dpop-key`);
  }
  return openDpopKey(file);
}

/**
 * The prover whose private key, a P-256 JWK, is in the file.
 * @throws UsageError that names the file and quotes nothing of it
 */
export async function openDpopKey(file: string): Promise<DpopProver> {
  assertNamed(file);
  // Without O_NONBLOCK a named pipe would wait for a writer.
  const opened = await open(file, constants.O_RDONLY | constants.O_NONBLOCK).catch(
    refusal(file, 'is not there; name the file that postern exchange --dpop-key made'),
  );
  const content = await readKey(file, opened).finally(() => opened.close());
  return DpopProver.ofJwk(parsed(content)).catch((failure: unknown) => {
    if (!(failure instanceof PosternClientError)) throw failure;
    throw new UsageError(`${file}: ${failure.message}; name another file, or remove this one`);
  });
}

/** Looks at the opened file, not at its name: that may be another file by now. */
async function readKey(file: string, opened: FileHandle): Promise<string> {
  const status = await opened.stat();
  if (!status.isFile()) throw new UsageError(`${file}: is no plain file`);
  if ((status.mode & OTHERS) !== 0) {
    throw new UsageError(`${file}: others may use this private key; run chmod 600 on it`);
  }
  if (status.size > KEY_FILE_BYTES_MAX) throw new UsageError(`${file}: is larger than 16 KiB`);
  return opened.readFile('utf8');
}

/** Undefined when it is no JSON: the parser's own message would quote the key. */
function parsed(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );

/** True when it made the file; false when another process was faster. The file is there whole or not at all. */
async function createKeyFile(file: string): Promise<boolean> {
  const notMade = refusal(file, 'cannot be made: its folder is not there');
  const draft = `${file}.${randomUUID()}.new`;
  const content = `${JSON.stringify(await generateDpopJwk())}\n`;
  try {
    await writeFile(draft, content, { flag: 'wx', mode: OWNER_ONLY }).catch(notMade);
    return await link(draft, file).then(
      () => true,
      (error: unknown) => (codeOf(error) === 'EEXIST' ? false : notMade(error)),
    );
  } finally {
    await rm(draft, { force: true });
  }
}

function assertNamed(file: string): void {
  if (file === '-') throw new UsageError('--dpop-key wants a file: standard input holds no key');
}

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? 'unknown reason';

const refusal =
  (file: string, whenAbsent: string) =>
  (error: unknown): never => {
    const code = codeOf(error);
    const why = code === 'ENOENT' ? whenAbsent : `cannot be used as a key file (${code})`;
    throw new UsageError(`${file}: ${why}`);
  };
