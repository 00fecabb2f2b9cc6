import { readFileSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

const OWNER_FILE = 'owner';

/** The process that uses a folder. */
export interface FolderOwner {
  readonly pid: number;
  readonly file: string;
}

/**
 * Makes this process the owner of the folder. Resolves to undefined when it now is, else to the living process that
 * is. What a dead process left behind is taken over.
 */
export async function ownFolder(folder: string): Promise<FolderOwner | undefined> {
  const file = path.join(folder, OWNER_FILE);
  for (;;) {
    const made = await writeFile(file, markOf(process.pid), { flag: 'wx', mode: 0o644 }).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
      },
    );
    if (made) return undefined;
    const mark = await readFile(file, 'utf8').catch(() => '');
    const pid = Number(mark.split(' ')[0]);
    if (isAlive(pid) && markOf(pid) === mark) return { pid, file };
    await rm(file, { force: true });
  }
}

export const disownFolder = (folder: string): Promise<void> =>
  rm(path.join(folder, OWNER_FILE), { force: true });

/** True when a process has that id; also when it is not ours to signal. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Process id and, where Linux tells it, start time and boot: an id that another process got since is not mistaken. */
function markOf(pid: number): string {
  try {
    const afterName = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').pop() ?? '';
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    return `${pid} ${afterName.split(' ')[19] ?? ''} ${boot}`;
  } catch {
    return String(pid);
  }
}
