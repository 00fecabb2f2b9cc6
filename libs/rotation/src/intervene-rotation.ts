import { type ManagedCredential } from '#credentials';
import { type EventFactory, type PosternEvent } from '#events';
import { itemOf } from './requested-events.js';
import { credentialChangedEvent, transitionEvent } from './rotation-record.js';
import { type RotationTerms } from './rotation-plan.js';
import { RotationRefused } from './rotation-refused.js';
import { type RotationStep } from './rotation-store.js';
import { type Rotation } from './rotation.js';
import { settledChange } from './settled-change.js';
import { isEnded, mayFollow } from './transitions.js';

/** What an operator says of a rotation that is there. */
export interface Intervention {
  /** subject_id: whoever has several handles is one operator all the same. */
  readonly operatorId: string;
  /** Another acts for the operator, and might be who asked. */
  readonly isDelegated: boolean;
  readonly reason?: string | undefined;
  readonly now: Date;
  readonly events: EventFactory;
}

/**
 * Another operator than who asked for it agrees; with the last approval that it needs it is taken up at once.
 * @throws RotationRefused
 */
export function approveRotation(rotation: Rotation, by: Intervention): RotationStep {
  const { operatorId, now } = by;
  const { id, state, approvalsNeeded, approvedBy, initiatorId, deadlineAt } = rotation;
  if (state !== 'requested' || approvedBy.length >= approvalsNeeded) {
    throw new RotationRefused('not_now', `rotation ${id} waits for no approval`);
  }
  if (by.isDelegated) {
    throw new RotationRefused(
      'not_permitted',
      `rotation ${id} is approved by a handle of the operator's own alone: by this one another acts for the operator`,
    );
  }
  if (operatorId === initiatorId) {
    throw new RotationRefused(
      'not_permitted',
      `rotation ${id} was asked for by you: another operator has to approve it`,
    );
  }
  if (approvedBy.includes(operatorId)) {
    throw new RotationRefused(
      'not_permitted',
      `rotation ${id} was approved by you already: it needs another operator`,
    );
  }
  if (now >= deadlineAt) {
    throw new RotationRefused(
      'not_now',
      `the deadline of rotation ${id} is over: ask for another one`,
    );
  }
  const next = { ...rotation, approvedBy: [...approvedBy, operatorId] };
  const isEnough = next.approvedBy.length >= approvalsNeeded;
  return {
    next: isEnough ? { ...next, dueAt: now } : next,
    events: [intervened(next, 'approve', by)],
  };
}

/**
 * It is ended, calls go on with the version that they use, and the gate is open. Not when the legacy system may accept the
 * new value alone: then it has to find out which value works, or an administrator has to say so in `manual_required`.
 * @param credential As it stands: what refusals have said of it stays.
 * @throws RotationRefused
 */
export function abandonRotation(
  rotation: Rotation,
  credential: ManagedCredential | undefined,
  by: Intervention,
): RotationStep {
  const { id, state, kind } = rotation;
  if (isEnded(state)) throw new RotationRefused('not_now', `rotation ${id} has ended: ${state}`);
  if (!mayFollow(state, 'abandoned') || mayBeHalfDone(rotation)) {
    throw new RotationRefused(
      'not_now',
      `rotation ${id} is ${state} (${kind}): it can be abandoned before the legacy system is changed, or when it is manual_required; until then it finds its way by itself`,
    );
  }
  const { events, now } = by;
  const next = endedBy({ ...rotation, errorClass: 'abandoned-by-operator' }, now);
  const told = [intervened(next, 'abandon', by), transitionEvent(events, next, { from: state })];
  const change = credential === undefined ? undefined : settledChange(credential, 'abandoned');
  if (credential === undefined || change === undefined) return { next, events: told };
  const at = { correlationId: next.correlationId, at: now };
  return {
    next,
    credential: change,
    events: [...told, credentialChangedEvent(events, credential, change, at)],
  };
}

/**
 * The account that is configured for it sets a new password, whichever works now. Only of one that asks for an
 * administrator; it has its whole time again.
 * @throws RotationRefused
 */
export function reconcileRotation(
  rotation: Rotation,
  { deadlineMs }: Pick<RotationTerms, 'deadlineMs'>,
  by: Intervention,
): RotationStep {
  const { id, state } = rotation;
  if (state !== 'manual_required') {
    throw new RotationRefused(
      'not_now',
      `rotation ${id} is ${state}: only one that is manual_required is reconciled by hand`,
    );
  }
  const next = {
    ...rotation,
    ...({ state: 'reconciling', previousState: state, stateSince: by.now, waits: 0 } as const),
    dueAt: by.now,
    deadlineAt: new Date(by.now.getTime() + deadlineMs),
  };
  return {
    next,
    events: [intervened(next, 'reconcile', by), transitionEvent(by.events, next, { from: state })],
  };
}

/** From the change at the legacy system on until it is known what it accepts. With two slots the old value stays good. */
function mayBeHalfDone({ state, kind }: Rotation): boolean {
  switch (state) {
    case 'applying':
    case 'verifying':
    case 'verified':
    case 'recovering':
      return kind === 'single_slot';
    case 'promoting':
      return true; // The new version may be the newest in the store already.
    default:
      return false;
  }
}

const endedBy = (rotation: Rotation, now: Date): Rotation & { readonly state: 'abandoned' } => ({
  ...rotation,
  state: 'abandoned',
  previousState: rotation.state,
  stateSince: now,
  endedAt: now,
});

const intervened = (
  rotation: Rotation,
  action: 'approve' | 'abandon' | 'reconcile',
  { events, operatorId, reason }: Intervention,
): PosternEvent =>
  events.create('dev.postern.rotation.intervened.v1', {
    ...itemOf(rotation),
    data: {
      rotation_id: rotation.id,
      resource: rotation.resource,
      action,
      operator_id: operatorId,
      state: rotation.state,
      approvals: rotation.approvedBy.length,
      approvals_needed: rotation.approvalsNeeded,
      ...(reason === undefined ? {} : { reason }),
    },
  });
