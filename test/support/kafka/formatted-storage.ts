import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** The storage of a broker, and what decides how it looks when it is empty. */
export interface Storage {
  /** `log.dirs` */
  readonly logs: string;
  /** Two with the same are formatted alike: the version, the number and the roles of the node, and its users. */
  readonly of: readonly unknown[];
  /** Where what was formatted once is kept. */
  readonly root: string;
}

/** As `format` leaves it. That takes a Java of its own, so it is done once and copied from then on. */
export async function formatStorage(
  { logs, of, root }: Storage,
  format: () => Promise<unknown>,
): Promise<void> {
  const digest = createHash('sha256').update(JSON.stringify(of)).digest('hex').slice(0, 16);
  const kept = path.join(root, `kafka-formatted-${digest}`);
  if (existsSync(kept)) return cp(kept, logs, { recursive: true });
  await format();
  const unfinished = `${kept}.${process.pid}`;
  await cp(logs, unfinished, { recursive: true });
  // Another suite may have been faster: its copy is as good.
  await rename(unfinished, kept).catch(() => rm(unfinished, { recursive: true }));
}
