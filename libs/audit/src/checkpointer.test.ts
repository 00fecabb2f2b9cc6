import { createPublicKey, type KeyObject } from 'node:crypto';
import { AuditLogContradicted, Checkpointer } from '#audit';
import {
  aCheckpointer,
  anExport,
  AUDIT_NAME,
  auditEventFactory,
  InMemoryAuditLog,
  InMemorySigner,
  publicPemOf,
  recordedEvents,
  seededKey,
} from '#testing';

const publicKeyOf = (seed: number): KeyObject => createPublicKey(publicPemOf(seededKey(seed)));

const signing = (log: InMemoryAuditLog, seed: number, ...former: readonly number[]): Checkpointer =>
  new Checkpointer({
    ...{ log, name: AUDIT_NAME, events: auditEventFactory },
    signer: new InMemorySigner(seededKey(seed)),
    formerKeys: former.map(publicKeyOf),
  });

/** The log says now what another one says. */
function exchange(log: InMemoryAuditLog, other: InMemoryAuditLog): void {
  log.kept.splice(0, log.kept.length, ...other.kept);
  log.leafRows.splice(0, log.leafRows.length, ...other.leafRows);
}

describe('a checkpointer whose log is exchanged while it runs', () => {
  it.each([
    ['as long', [10, 10]],
    ['longer', [10, 10, 5]],
    ['in other checkpoints', [15, 10]],
    ['shorter', [10]],
  ])('does not go on with a second history that its key signed: %s', async (_, ranges) => {
    const log = new InMemoryAuditLog();
    const running = aCheckpointer(log);
    for (const events of [recordedEvents(10), recordedEvents(10)]) {
      log.add(events);
      await running.advance();
    }
    // Another relay, which had just started, signed it: it had not seen the first.
    exchange(log, (await anExport(ranges, { events: recordedEvents(25, 3) })).log);
    log.add(recordedEvents(3));
    await expect(running.advance()).rejects.toThrow(AuditLogContradicted);
  });

  it('goes on from what another checkpointer signed after it', async () => {
    const log = new InMemoryAuditLog();
    const [one, other] = [aCheckpointer(log), aCheckpointer(log)];
    for (const checkpointer of [one, other, other, one]) {
      log.add(recordedEvents(4));
      await checkpointer.advance();
    }
    expect(log.kept.map(({ size }) => size)).toEqual([4, 8, 12, 16]);
  });
});

describe('a checkpointer whose key was exchanged', () => {
  const log = new InMemoryAuditLog();
  const current = signing(log, 2, 1);

  it('goes on from what the key before signed', async () => {
    for (const checkpointer of [signing(log, 1), current]) {
      log.add(recordedEvents(4));
      await checkpointer.advance();
    }
    expect(log.kept.map(({ size }) => size)).toEqual([4, 8]);
  });

  it('does not go on from what that key signs afterwards', async () => {
    log.add(recordedEvents(4));
    await signing(log, 1, 2).advance();
    log.add(recordedEvents(4));
    await expect(current.advance()).rejects.toThrow('not signed by our key');
  });
});
