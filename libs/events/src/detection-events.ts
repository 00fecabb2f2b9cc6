import { z } from 'zod';
import { responseActions } from './response-events.js';

/** Most events that one detection names as its evidence, and most labels in one of its lists. */
export const DETECTION_EVIDENCE_MAX = 100;
const DETECTION_LABELS_MAX = 20;

export const detectionSeverities = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type DetectionSeverity = (typeof detectionSeverities)[number];

/** What a detection may be about. */
export const detectionEntityTypes = [
  'subject',
  'handle',
  'family',
  'grant',
  'resource',
  'source',
  'shard',
] as const;

const detectionBlock = {
  detection_id: z.string(),
  rule_id: z.string().regex(/^D[0-9]{2}$/),
  rule_rev: z.int(),
  severity: z.enum(detectionSeverities),
  confidence: z.enum(['low', 'medium', 'high']),
  entity: z
    .object({
      type: z.enum(detectionEntityTypes),
      id: z.string(),
    })
    .describe('what it is about'),
  subject_id: z.string().optional().describe('whose doing it is, where that is known'),
  window: z
    .object({ start_at: z.int(), end_at: z.int() })
    .optional()
    .describe('absent for a rule that decides on one request'),
  evidence_event_ids: z.array(z.uuid()).max(DETECTION_EVIDENCE_MAX),
  observed: z.number(),
  threshold: z.number(),
  mitre: z.array(z.string()).max(DETECTION_LABELS_MAX).optional().describe('ATT&CK techniques'),
  owasp_nhi: z
    .array(z.string())
    .max(DETECTION_LABELS_MAX)
    .optional()
    .describe('of the OWASP NHI Top 10 (2025)'),
  recommended: z.enum(['none', ...responseActions]),
  mode: z.enum(['monitor', 'enforce']),
};

/** What a rule saw. */
export const detectionEvents = {
  'dev.postern.detection.raised.v1': z.object(detectionBlock),
  'dev.postern.detection.updated.v1': z.object(detectionBlock),
  'dev.postern.detection.closed.v1': z.object({
    ...detectionBlock,
    resolution: z.enum(['confirmed', 'false_positive', 'benign', 'timed_out']),
    initiator_id: z.string().optional().describe('subject_id or handle_id of who closed it'),
  }),
};
