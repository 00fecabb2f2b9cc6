import { z } from 'zod';

export const responseActions = [
  'report',
  'page',
  'rate_limit',
  'step_down',
  'throttle',
  'block_source',
  'revoke_handle',
  'revoke_family',
  'suspend_handle',
  'suspend_grant',
  'disable_grant',
  'hold_promotion',
  'request_rotation',
] as const;
export type ResponseAction = (typeof responseActions)[number];

/** What was done about a detection, or what kept it from being done. */
export const responseEvents = {
  'dev.postern.response.executed.v1': z.object({
    detection_id: z.string(),
    action: z.enum(responseActions),
    target: z.string().describe('`<scope>:<id>`'),
    result: z.enum(['done', 'nothing_to_do', 'suppressed', 'failed']),
    suppressed_by: z.enum(['monitor_mode', 'response_budget', 'approval_missing']).optional(),
  }),
};
