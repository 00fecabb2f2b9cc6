import { once } from 'node:events';
import { type Writable } from 'node:stream';
import { type AuditHistory, writeHeader, writeRange } from '#audit';
import { PosternError } from '#kernel';
import { type EventSource } from './event-source.js';
import { UsageError } from './usage-error.js';

/** What the export was written to took no more of it. The message says why. */
export class ExportUnwritten extends PosternError {
  override readonly code = 'audit-export-unwritten';
}

/** What of the log is written: whole checkpoints, from one to another. */
export interface ExportRange {
  readonly from: number;
  readonly to: number;
}

/** The checkpoints round what was asked for. @throws UsageError when there is none */
export async function exportRange(
  log: AuditHistory,
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

/**
 * Writes an export; resolves, when all of it is handed over, to how many of its events were not found.
 * @throws ExportUnwritten, DependencyUnavailable, UsageError; then what was written is not whole
 */
export async function exportAudit(
  parts: { readonly log: AuditHistory; readonly origin: string; readonly source: EventSource },
  { from, to }: ExportRange,
  output: Writable,
): Promise<number> {
  const { log, origin, source } = parts;
  const { write, end } = lineWriter(output);
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
  await end();
  return missing;
}

interface LineWriter {
  readonly write: (line: string) => Promise<void>;
  /** Resolves when all lines are handed over. */
  readonly end: () => Promise<void>;
}

/** A full disk, or a reader that is gone, is told by an event, after the write that it stopped. */
function lineWriter(output: Writable): LineWriter {
  let failure: unknown;
  const fail = (error: unknown): never => {
    failure ??= error;
    const reason = (failure as NodeJS.ErrnoException).code ?? 'unknown';
    throw new ExportUnwritten(`the export is not whole: it cannot be written (${reason})`);
  };
  output.on('error', (error) => {
    failure ??= error;
  });
  return {
    write: async (line) => {
      if (failure !== undefined) fail(failure);
      if (!output.write(`${line}\n`)) await once(output, 'drain').catch(fail);
    },
    end: async () => {
      await new Promise((resolve) => output.write('', resolve));
      if (failure !== undefined) fail(failure);
    },
  };
}
