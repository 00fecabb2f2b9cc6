import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import {
  Checkpointer,
  CheckpointSigner,
  ed25519Of,
  type KeptCheckpoint,
  writeHeader,
  writeRange,
} from '#audit';
import { EventFactory, type RecordedEvent } from '#events';
import { SystemClock } from '#kernel';
import { InMemoryAuditLog } from './in-memory-audit-log.js';
import { anOutboxEvent } from './outbox.contract.js';

/** An Ed25519 key made of a number, so that a run can be repeated. */
export function seededKey(seed: number): KeyObject {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const bytes = Buffer.alloc(32, seed);
  return createPrivateKey({ key: Buffer.concat([prefix, bytes]), format: 'der', type: 'pkcs8' });
}

export const publicPemOf = (privateKey: KeyObject): string =>
  ed25519Of(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
    .export({ type: 'spki', format: 'pem' })
    .toString();

/** Signs with a key in memory. */
export class InMemorySigner extends CheckpointSigner {
  constructor(private readonly privateKey: KeyObject = seededKey(1)) {
    super();
  }

  override publicKey(): Promise<string> {
    return Promise.resolve(publicPemOf(this.privateKey));
  }

  override sign(text: Uint8Array): Promise<Uint8Array> {
    return Promise.resolve(sign(null, text, this.privateKey));
  }
}

export const AUDIT_NAME = 'postern.test/audit';

export const aCheckpointer = (
  log: InMemoryAuditLog,
  signer: CheckpointSigner = new InMemorySigner(),
): Checkpointer => new Checkpointer({ log, signer, name: AUDIT_NAME, events: auditEventFactory });

export const auditEventFactory = new EventFactory({
  clock: new SystemClock(),
  environment: 'test',
  deployment: 'contract',
  component: 'relay',
});

/** Events as they leave the outbox: of so many keys in turn, each with its sequence. */
export function recordedEvents(count: number, keys = 7): RecordedEvent[] {
  const sequences = new Map<number, number>();
  return Array.from({ length: count }, (_, at) => {
    const place = (at * at + 3 * at) % keys;
    const sequence = (sequences.get(place) ?? 0) + 1;
    sequences.set(place, sequence);
    return {
      ...anOutboxEvent(`hdl_${place}`, `because ${at}`),
      recordedtime: '2026-11-22T00:00:00.000Z',
      sequence: String(sequence).padStart(20, '0'),
    };
  });
}

/** A log with checkpoints of these sizes, and its export. */
export async function anExport(
  ranges: readonly number[],
  options: {
    readonly signer?: CheckpointSigner;
    readonly events?: readonly RecordedEvent[];
    readonly log?: InMemoryAuditLog;
  } = {},
): Promise<{ lines: string[]; log: InMemoryAuditLog; events: readonly RecordedEvent[] }> {
  const total = ranges.reduce((sum, one) => sum + one, 0);
  const { log = new InMemoryAuditLog(), events = recordedEvents(total) } = options;
  const checkpointer = aCheckpointer(log, options.signer);
  let taken = 0;
  for (const range of ranges) {
    log.add(events.slice(taken, taken + range));
    taken += range;
    await checkpointer.advance();
  }
  const { origin } = await checkpointer.identity();
  return { lines: exportedLines(log, origin, events), log, events };
}

/** From a checkpoint on, or from the beginning. */
export function exportedLines(
  log: InMemoryAuditLog,
  origin: string,
  events: readonly RecordedEvent[],
  from?: number,
): string[] {
  const byId = new Map(events.map((event) => [event.id, event]));
  const base = log.kept.find(({ size }) => size === from);
  const lines = [writeHeader(origin, base as KeptCheckpoint | undefined)];
  let begin = from ?? 0;
  for (const { size, note } of log.kept.filter((one) => one.size > begin)) {
    const leaves = log.leafRows.slice(begin, size);
    lines.push(...writeRange(note, leaves, ({ eventId }) => byId.get(eventId)));
    begin = size;
  }
  return lines;
}
