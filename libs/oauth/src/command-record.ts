import {
  type CommandRejection,
  type CountedEvent,
  type EventFactory,
  type PosternEvent,
  type RecordPlace,
} from '#events';
import { targetOf } from '#handles';
import { type SecurityEvent } from '#identity';
import { type KnownCommand } from './command-refused.js';
import { type SecurityCommand } from './security-command.js';

const TARGET_CHARACTERS_MAX = 256;
const UNKNOWN_TRANSMITTER = 'signals/unknown';

/** How a command came. */
export interface CommandDelivery {
  readonly correlationId: string;
  /** Of its record on the command topic. */
  readonly place?: RecordPlace | undefined;
  /** subject_id of the workload that pushed it. */
  readonly pushedBy?: string | undefined;
}

/** The record of a command that was carried out. */
export function acceptedCommand(
  events: EventFactory,
  { transmitter, jti }: SecurityEvent,
  {
    command,
    handles,
    rotationId,
    delivery,
  }: {
    readonly command: SecurityCommand;
    readonly handles: number;
    readonly rotationId?: string;
    readonly delivery: CommandDelivery;
  },
): PosternEvent {
  const { id } = transmitter.registration;
  return events.create('dev.postern.command.accepted.v1', {
    ...itemOf(id, delivery),
    data: {
      issuer: id,
      command_jti: jti,
      target: shortened(targetOf(command.selector)),
      action: command.action,
      reason: command.reason,
      handles,
      ...(rotationId === undefined ? {} : { rotation_id: rotationId }),
      ...deliveredBy(delivery),
    },
  });
}

/** A command that changes nothing, and why. */
export interface RejectedCommand extends Partial<KnownCommand> {
  readonly rejection: CommandRejection;
  readonly rule: string;
}

export function rejectedCommand(
  events: EventFactory,
  { rejection, rule, transmitter, jti, action, target }: RejectedCommand,
  delivery: CommandDelivery,
): CountedEvent {
  return events.create('dev.postern.command.rejected.v1', {
    ...itemOf(transmitter ?? UNKNOWN_TRANSMITTER, delivery),
    severity: 'WARN',
    data: {
      rejection,
      detail: rule,
      ...(transmitter === undefined ? {} : { issuer: transmitter }),
      ...(jti === undefined ? {} : { command_jti: jti }),
      ...(action === undefined ? {} : { action }),
      ...(target === undefined ? {} : { target: shortened(target) }),
      ...deliveredBy(delivery),
    },
  });
}

const shortened = (target: string): string => target.slice(0, TARGET_CHARACTERS_MAX);

const deliveredBy = ({ place, pushedBy }: CommandDelivery) => ({
  ...(place === undefined ? {} : { place: { partition: place.partition, offset: place.offset } }),
  ...(pushedBy === undefined ? {} : { pushed_by: pushedBy }),
});

/** The item is the transmitter, whose id begins with `signals/`: its events keep their order. */
const itemOf = (
  id: string,
  { correlationId }: CommandDelivery,
): { subject: string; partitionKey: string; correlationId: string } => ({
  subject: id,
  partitionKey: id,
  correlationId,
});
