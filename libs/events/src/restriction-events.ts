import { z } from 'zod';

/** What may be restricted for a time: of a workload, of a source, of a handle. */
export const restrictionKinds = [
  'exchange_rate',
  'known_credentials_only',
  'guess_rate',
  'source_block',
  'bytes_rate',
] as const;
export type RestrictionKind = (typeof restrictionKinds)[number];

const restriction = {
  restriction_id: z.string(),
  detection_id: z.string().describe('the detection that it was imposed for'),
  kind: z.enum(restrictionKinds),
  target: z.string().describe('the one entity that it is for: `<scope>:<id>`'),
};

/** What is denied because of one says so: `restriction_id` and `detection_id` of `exchange.denied` and `call.denied`. */
export const restricted = {
  restriction_id: z.string().optional().describe('the restriction that it was refused by'),
  detection_id: z.string().optional().describe('the detection that the restriction is of'),
};

/** Restrictions that detections impose, each with an end. One that ends by itself is not told of again. */
export const restrictionEvents = {
  'dev.postern.restriction.imposed.v1': z.object({
    ...restriction,
    until: z.int().describe('its end'),
    limit: z.int().optional().describe('how many a window; of bytes_rate bytes'),
    window_seconds: z.int().optional(),
    resources: z.int().optional().describe('how many resources stay open to the workload'),
  }),
  'dev.postern.restriction.lifted.v1': z.object({
    ...restriction,
    reason: z.string(),
    initiator_id: z.string().optional().describe('subject_id or handle_id of the operator'),
  }),
};
