import { once } from 'node:events';
import { type Writable } from 'node:stream';
import { type PostgresAuditLog } from '#adapters/postgres';
import { writeHeader, writeRange } from '#audit';
import { type EventSource } from './event-spool.js';
import { UsageError } from './usage-error.js';

/** What of the log is written: whole checkpoints, from one to another. */
export interface ExportRange {
  readonly from: number;
  readonly to: number;
}

/** The checkpoints round what was asked for. @throws UsageError when there is none */
export async function exportRange(
  log: PostgresAuditLog,
  asked: { readonly from: number; readonly to: number | undefined },
): Promise<ExportRange> {
  const { from, to } = asked;
  const base = from === 0 ? undefined : await log.checkpointUpTo(from);
  const last =
    to === undefined
      ? await log.checkpointUpTo(Number.MAX_SAFE_INTEGER)
      : await log.checkpointAfter(to);
  const [begin, end] = [base?.size ?? 0, last?.size ?? 0];
  if (end > begin) return { from: begin, to: end };
  throw new UsageError('no checkpoint covers that range yet');
}

/** Writes an export; resolves to how many of its events were not found. */
export async function exportAudit(
  parts: { readonly log: PostgresAuditLog; readonly origin: string; readonly source: EventSource },
  { from, to }: ExportRange,
  output: Writable,
): Promise<number> {
  const { log, origin, source } = parts;
  const write = async (line: string): Promise<void> => {
    if (!output.write(`${line}\n`)) await once(output, 'drain');
  };
  await write(writeHeader(origin, from === 0 ? undefined : await log.checkpointUpTo(from)));
  let [size, missing] = [from, 0];
  while (size < to) {
    const kept = await log.checkpointAfter(size);
    if (kept === undefined) throw new UsageError('a checkpoint of that range is gone');
    const leaves = await log.leaves(size, kept.size - size);
    const events = await source.find(leaves);
    missing += leaves.length - events.size;
    for (const line of writeRange(kept.note, leaves, ({ eventId }) => events.get(eventId))) {
      await write(line);
    }
    size = kept.size;
  }
  return missing;
}
