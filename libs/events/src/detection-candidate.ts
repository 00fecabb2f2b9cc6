import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import {
  DETECTION_EVIDENCE_MAX,
  detectionEntityTypes,
  detectionSeverities,
} from './detection-events.js';
import { EVENT_BYTES_MAX } from './event-journal.js';
import { EventUnreadable } from './event-unreadable.js';
import { type IncomingRecord } from './structured-event.js';

const ID_CHARACTERS_MAX = 512;
const id = z.string().min(1).max(ID_CHARACTERS_MAX);
const instant = z.iso.datetime({ offset: true });

/**
 * That a stream processor saw the condition of a rule hold: a row of `detection_candidates` (deploy/streaming/rules.sql) as
 * its sink writes it. Rule, entity and beginning of the window name it; of the same name the last record counts.
 */
export const detectionCandidate = z.object({
  rule: z.string().regex(/^D[0-9]{2}$/),
  entity_type: z.enum(detectionEntityTypes),
  entity_id: id,
  subject_id: id.nullish(),
  resource: id.nullish().describe('by which the mode of the rule is chosen'),
  start_at: instant.describe('of the window: a multiple of its length'),
  end_at: instant.describe('of the last event in it'),
  severity: z.enum(detectionSeverities),
  confidence: z.enum(['low', 'medium', 'high']),
  observed: z.number().nonnegative(),
  threshold: z.number().nonnegative(),
  evidence: z
    .array(z.uuid())
    .max(DETECTION_EVIDENCE_MAX)
    .describe('ids of events, the oldest first'),
});
export type DetectionCandidate = z.output<typeof detectionCandidate>;

/**
 * The candidate of a record; undefined: it was taken back (a record without a value), which takes no detection back.
 * @throws EventUnreadable that names the field and never repeats a value
 */
export function decodeCandidate({ value }: IncomingRecord): DetectionCandidate | undefined {
  if (value === null) return undefined;
  if (value.length > EVENT_BYTES_MAX) {
    const size = `the candidate has ${value.length} bytes, ${EVENT_BYTES_MAX} are allowed`;
    throw new EventUnreadable('too_large', size);
  }
  const { data, error } = detectionCandidate.safeParse(jsonOf(value));
  if (data !== undefined) return data;
  const [issue] = error.issues;
  const field = issue?.path.join('.') ?? '';
  throw new EventUnreadable(
    'wrong_data',
    `${field === '' ? 'the candidate' : field}: ${issue?.message ?? 'has another shape'}`,
  );
}

function jsonOf(value: Buffer): unknown {
  try {
    if (isUtf8(value)) return JSON.parse(value.toString('utf8'));
  } catch {
    // The parser's own message quotes the text that it stumbled over.
  }
  throw new EventUnreadable('not_json', 'the value of the record is no JSON');
}
