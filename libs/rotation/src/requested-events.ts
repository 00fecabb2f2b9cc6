import { type EventDataOf, type EventFactory, type PosternEvent } from '#events';
import { epochSeconds } from '#kernel';
import { type WrapExpectation } from './rotation-plan.js';
import { type Rotation } from './rotation.js';
import { wrapPlace } from './wrapping-tokens.js';

type RotationBlock = Omit<EventDataOf<'dev.postern.rotation.requested.v1'>, 'state'>;

/** What each event of a rotation says of it; never a value. */
export const rotationBlock = (rotation: Rotation): RotationBlock => {
  const { fromVersion, toVersion, probe, errorClass, initiatorId } = rotation;
  return {
    rotation_id: rotation.id,
    resource: rotation.resource,
    kind: rotation.kind,
    trigger: rotation.trigger,
    ...(fromVersion === undefined ? {} : { from_version: fromVersion }),
    ...(toVersion === undefined ? {} : { to_version: toVersion }),
    attempt: rotation.attempt,
    ...(probe === undefined ? {} : { probe }),
    ...(errorClass === undefined ? {} : { error_class: errorClass }),
    deadline_at: epochSeconds(rotation.deadlineAt),
    ...(initiatorId === undefined ? {} : { initiator_id: initiatorId }),
  };
};

/** Events of one resource keep their order. */
export const itemOf = ({
  id,
  resource,
  correlationId,
}: Rotation): { subject: string; partitionKey: string; correlationId: string } => ({
  subject: `rotation/${id}`,
  partitionKey: resource,
  correlationId,
});

/** `isOutsideWindow`: whether its schedule has another time; undefined: it has no schedule. */
export const requestedEvent = (
  events: EventFactory,
  rotation: Rotation,
  isOutsideWindow?: boolean,
): PosternEvent =>
  events.create('dev.postern.rotation.requested.v1', {
    ...itemOf(rotation),
    data: {
      ...rotationBlock(rotation),
      state: 'requested',
      ...(isOutsideWindow === undefined ? {} : { outside_window: isOutsideWindow }),
      approvals_needed: rotation.approvalsNeeded,
    },
  });

/** A wrapping token was handed over; nothing is known of it yet. */
export const wrapReceivedEvent = (
  events: EventFactory,
  rotation: Rotation,
  expected: WrapExpectation,
): PosternEvent =>
  events.create('dev.postern.wrap.received.v1', {
    ...itemOf(rotation),
    data: {
      rotation_id: rotation.id,
      resource: rotation.resource,
      wrap_accessor_fp: rotation.wrap?.fingerprint ?? '',
      expected_path: wrapPlace(expected),
      verdict: 'pending',
    },
  });
