import { z } from 'zod';

/** Days before a review at which its owner is told; at 0 trust ends. */
export const REVIEW_NOTICE_DAYS = [30, 7, 0] as const;
export type ReviewNoticeDays = (typeof REVIEW_NOTICE_DAYS)[number];

/** Most ids, names or lines in one list of a policy event. */
export const POLICY_LIST_MAX = 100;

/** Most grants, and most resources, in one event that lists them. */
export const POLICY_ITEMS_MAX = 50;

const names = z.array(z.string()).max(POLICY_LIST_MAX);
const omitted = z.int().optional().describe('how many entries were left out of the lists');

const canary = {
  canary_id: z.string(),
  kind: z.enum(['handle', 'credential']).describe('what it looks like'),
  note: z.string().describe('where it was planted; at most 256 characters'),
  initiator_id: z.string().optional().describe('subject_id of the operator'),
};

/** What happens to the rules themselves, whoever asks for what meanwhile. */
export const policyEvents = {
  'dev.postern.policy.changed.v1': z.object({
    grant_set_digest: z.string().describe('of the set that is in force from now on'),
    previous_digest: z.string().optional().describe('absent for the set that a process began with'),
    grants: z.int().describe('how many are in force'),
    grants_added: names,
    grants_removed: names,
    grants_changed: names.describe('the id is the same, what it gives is not'),
    omitted,
  }),
  'dev.postern.policy.rejected.v1': z.object({
    grant_set_digest: z.string().describe('of the last good set: it stays in force'),
    files: names.describe('the grant files with a problem'),
    problems: names.describe('for the operator, a line each'),
    omitted,
  }),
  /** What is there, told once a day: by what never happens nobody learns that it could. */
  'dev.postern.policy.listed.v1': z.object({
    grant_set_digest: z.string().describe('of the set that is in force'),
    grants: z
      .array(
        z.object({
          grant_id: z.string(),
          unused_after_days: z
            .number()
            .optional()
            .describe('after how long without use it counts as stale; absent: as for all'),
        }),
      )
      .max(POLICY_ITEMS_MAX)
      .describe('those in force; of more than fit there are several events'),
    resources: z.array(z.string()).max(POLICY_ITEMS_MAX).describe('those that are registered'),
  }),
  'dev.postern.policy.canary_planted.v1': z.object(canary),
  'dev.postern.policy.canary_ended.v1': z.object(canary),
  'dev.postern.probe.breached.v1': z.object({
    probe: z.enum(['exchange', 'call']),
    permitted: z.string().describe('what was permitted and must be refused'),
    detail: z.string().describe('for the operator; never a token, a handle or a secret'),
  }),
  'dev.postern.review.due.v1': z.object({
    kind: z.enum(['issuer', 'grant']),
    id: z.string(),
    owner: z.string().describe('at most 256 characters'),
    purpose: z.string().optional().describe('at most 256 characters'),
    grant_version: z.int().optional(),
    review_by: z.iso.datetime().describe('the first instant at which it is not trusted any more'),
    days_left: z.literal(REVIEW_NOTICE_DAYS).describe('the notice: 0 says that trust has ended'),
  }),
};
