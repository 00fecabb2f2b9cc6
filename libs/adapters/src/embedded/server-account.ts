import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { DependencyUnavailable } from '#kernel';

/** The system account that the server runs as. PostgreSQL refuses to run as root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

const ACCOUNT_NAME = 'postgres';

/** Undefined when we are not root: then the server runs as we do. As root: the account `postgres`, made when missing. */
export async function serverAccount(): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const existing = await lookUp();
  if (existing !== undefined) return existing;
  try {
    await promisify(execFile)('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      ACCOUNT_NAME,
    ]);
  } catch (cause) {
    throw new DependencyUnavailable(
      'postgresql',
      `the embedded PostgreSQL cannot run as root, and the account "${ACCOUNT_NAME}" could not be made: ` +
        'run as another user, or set DATABASE_URL',
      { cause },
    );
  }
  const made = await lookUp();
  if (made !== undefined) return made;
  throw new DependencyUnavailable('postgresql', `useradd made no account "${ACCOUNT_NAME}"`);
}

async function lookUp(): Promise<ServerAccount | undefined> {
  const accounts = await readFile('/etc/passwd', 'utf8').catch(() => '');
  const line = accounts.split('\n').find((entry) => entry.startsWith(`${ACCOUNT_NAME}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined
    ? undefined
    : { uid: Number(uid), gid: Number(gid) };
}

/** Whether the account may enter every folder on the way to `folder`, and it. What does not exist yet will be made so. */
export async function maySee(folder: string, account: ServerAccount | undefined): Promise<boolean> {
  if (account === undefined) return true;
  const parts = path.resolve(folder).split(path.sep);
  for (let depth = 1; depth <= parts.length; depth += 1) {
    const ancestor = parts.slice(0, depth).join(path.sep) || path.sep;
    const found = await stat(ancestor).catch(() => undefined);
    if (found === undefined) return true;
    if (!mayEnter(found, account)) return false;
  }
  return true;
}

function mayEnter(
  { mode, uid, gid }: { mode: number; uid: number; gid: number },
  account: ServerAccount,
): boolean {
  if (uid === account.uid) return (mode & 0o100) !== 0;
  if (gid === account.gid) return (mode & 0o010) !== 0;
  return (mode & 0o001) !== 0;
}
