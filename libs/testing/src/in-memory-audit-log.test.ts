import { type RecordedEvent } from '#events';
import { auditLogContract } from './audit-log.contract.js';
import { InMemoryAuditLog } from './in-memory-audit-log.js';

describe('the log in memory', () => {
  auditLogContract(() => {
    const log = new InMemoryAuditLog();
    const sequences = new Map<string, number>();
    return Promise.resolve({
      log: () => Promise.resolve(log),
      publish: (events) => {
        const recorded = events.map((event): RecordedEvent => {
          const sequence = (sequences.get(event.partitionkey) ?? 0) + 1;
          sequences.set(event.partitionkey, sequence);
          return {
            ...event,
            recordedtime: event.time,
            sequence: String(sequence).padStart(20, '0'),
          };
        });
        log.add(recorded);
        return Promise.resolve(recorded);
      },
      told: () => Promise.resolve(log.events),
      close: () => Promise.resolve(),
    });
  });
});
