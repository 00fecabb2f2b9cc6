import { z } from 'zod';
import { boundedSize, duration } from './config-values.js';

/** How much evidence may wait for Kafka before nothing more is done that would leave evidence. */
export const evidence = z.strictObject({
  outboxBudget: boundedSize
    .prefault('20GiB')
    .describe(
      'bytes of events that may wait in the outbox; with more, exchanges are refused with 503',
    ),
  strictGrace: duration({ min: '0s', max: '24h' })
    .prefault('15m')
    .describe('how long calls with handles that exist go on after that; then they are refused too'),
});

export interface EvidenceEntry {
  readonly outboxBytesMax: number;
  readonly strictGraceSeconds: number;
}

export const evidenceEntry = (written: z.output<typeof evidence>): EvidenceEntry => ({
  outboxBytesMax: written.outboxBudget,
  strictGraceSeconds: written.strictGrace,
});
