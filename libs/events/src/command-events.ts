import { z } from 'zod';

/** What is done to handles. */
export const handleActions = ['revoke', 'suspend', 'resume'] as const;
export type HandleAction = (typeof handleActions)[number];

/** What may be commanded: that, and to rotate the credential of a resource. */
export const commandActions = [...handleActions, 'rotate'] as const;
export type CommandAction = (typeof commandActions)[number];

/** Why a command was not believed, or could not be carried out. */
export const commandRejections = [
  'malformed',
  'unsigned',
  'invalid_issuer',
  'invalid_key',
  'invalid_audience',
  'expired',
  'replayed',
  'wrong_key',
  'not_allowed',
  'unknown_target',
  'not_possible',
] as const;
export type CommandRejection = (typeof commandRejections)[number];

const sent = {
  issuer: z
    .string()
    .optional()
    .describe('id of the transmitter; absent when the token names none that is registered'),
  command_jti: z.string().optional().describe('at most 256 characters'),
  target: z.string().optional().describe('`<scope>:<id>`; at most 256 characters'),
  place: z
    .object({ partition: z.int(), offset: z.string() })
    .optional()
    .describe('of the record on the command topic'),
  pushed_by: z.string().optional().describe('subject_id of the workload that pushed it'),
};

/** What became of signed commands. */
export const commandEvents = {
  'dev.postern.command.accepted.v1': z.object({
    ...sent,
    issuer: z.string(),
    command_jti: z.string(),
    target: z.string(),
    action: z.enum(commandActions),
    reason: z.string(),
    handles: z.int().describe('how many handles this changed; none with rotate'),
    rotation_id: z.string().optional().describe('of the rotation that was asked for'),
  }),
  'dev.postern.command.rejected.v1': z.object({
    ...sent,
    action: z.enum(commandActions).optional(),
    rejection: z.enum(commandRejections),
    detail: z.string().describe('for the operator; the rule that was broken'),
    count: z
      .int()
      .optional()
      .describe('how many like it this event stands for, when a flood is summed up'),
  }),
};
