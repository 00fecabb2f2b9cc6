import { z } from 'zod';

/** The states of a rotation, in the order of a rotation in which nothing goes wrong, then those it can fall into. */
export const rotationStates = [
  'requested',
  'intake',
  'staged',
  'quiescing',
  'applying',
  'applied',
  'verifying',
  'verified',
  'resumed',
  'promoting',
  'promoted',
  'draining',
  'retiring',
  'done',
  'wrap_suspect',
  'wrap_lost',
  'recovering',
  'out_of_sync',
  'reconciling',
  'abandoned',
  'manual_required',
  'rolling_back',
  'rolled_back',
] as const;
export type RotationState = (typeof rotationStates)[number];

/** Whether a value authenticates: asked of the legacy system itself. */
const probed = z.enum(['ok', 'fail', 'unreachable']);

const rotationBlock = {
  rotation_id: z.string(),
  resource: z.string().describe('whose credential it is'),
  kind: z.enum(['single_slot', 'dual_slot', 'external']),
  trigger: z.enum(['schedule', 'admin', 'compromise', 'detection', 'vault_change']),
  from_version: z.int().optional().describe('absent: there was none before'),
  to_version: z.int().optional().describe('absent as long as it has none in Vault'),
  attempt: z.int().describe('from 1'),
  probe: z.object({ current: probed, pending: probed }).optional(),
  error_class: z.string().optional().describe('of the last failure; never its text'),
  deadline_at: z.int().optional().describe('when it is given up'),
  initiator_id: z.string().optional().describe('subject_id or handle_id of who asked'),
};

const begun = z.object({
  ...rotationBlock,
  state: z.literal('requested'),
  outside_window: z
    .boolean()
    .optional()
    .describe('true: its resource has a schedule, and this is not its time; absent: not known'),
  approvals_needed: z.int().optional().describe('how many others have to approve it'),
});

/** What a rotation has come to, and from where. */
const moved = <S extends RotationState>(state: S) =>
  z.object({ ...rotationBlock, state: z.literal(state), prev_state: z.enum(rotationStates) });

/** What operators say of a rotation that is there. */
export const rotationActions = ['approve', 'abandon', 'reconcile'] as const;

/** One type a state, so that who looks for one of them needs no look into `data`. Values are never part of it. */
export const rotationEvents = {
  'dev.postern.rotation.requested.v1': begun,
  'dev.postern.rotation.intake.v1': moved('intake'),
  'dev.postern.rotation.staged.v1': moved('staged'),
  'dev.postern.rotation.quiescing.v1': moved('quiescing'),
  'dev.postern.rotation.applying.v1': moved('applying'),
  'dev.postern.rotation.applied.v1': moved('applied'),
  'dev.postern.rotation.verifying.v1': moved('verifying'),
  'dev.postern.rotation.verified.v1': moved('verified'),
  'dev.postern.rotation.resumed.v1': moved('resumed'),
  'dev.postern.rotation.promoting.v1': moved('promoting'),
  'dev.postern.rotation.promoted.v1': moved('promoted'),
  'dev.postern.rotation.draining.v1': moved('draining'),
  'dev.postern.rotation.retiring.v1': moved('retiring'),
  'dev.postern.rotation.done.v1': moved('done'),
  'dev.postern.rotation.wrap_suspect.v1': moved('wrap_suspect'),
  'dev.postern.rotation.wrap_lost.v1': moved('wrap_lost'),
  'dev.postern.rotation.recovering.v1': moved('recovering'),
  'dev.postern.rotation.out_of_sync.v1': moved('out_of_sync'),
  'dev.postern.rotation.reconciling.v1': moved('reconciling'),
  'dev.postern.rotation.abandoned.v1': moved('abandoned'),
  'dev.postern.rotation.manual_required.v1': moved('manual_required'),
  'dev.postern.rotation.rolling_back.v1': moved('rolling_back'),
  'dev.postern.rotation.rolled_back.v1': moved('rolled_back'),
  /** What an operator did; what came of it has the event of its state. */
  'dev.postern.rotation.intervened.v1': z.object({
    rotation_id: z.string(),
    resource: z.string(),
    action: z.enum(rotationActions),
    operator_id: z.string().describe('subject_id of who did it'),
    state: z.enum(rotationStates).describe('what it is in after that'),
    approvals: z.int().describe('how many others have approved it'),
    approvals_needed: z.int(),
    reason: z.string().optional(),
  }),
};
