import { type EventFactory, type PosternEvent, type SignalOutcome } from '#events';
import { type SecurityEvent, type SecurityEventRejected, subjectIdOf } from '#identity';
import { epochSeconds } from '#kernel';
import { type Operator } from './operator-authentication.js';

const TEXT_CHARACTERS_MAX = 256;
const UNKNOWN_TRANSMITTER = 'signals/unknown';

/** Who delivered a security event, in which request. */
export interface SecurityEventDelivery {
  readonly operator: Operator;
  readonly correlationId: string;
}

/** The record of a security event that was believed. */
export function acceptedSignal(
  events: EventFactory,
  { transmitter, jti, eventType, issuedAt, transaction, subject, event }: SecurityEvent,
  result: {
    readonly outcome: SignalOutcome;
    /** How many handles. */
    readonly revoked: number;
    /** subject_id of who pushed it, or the place of its record. */
    readonly deliveredBy: string;
    readonly correlationId: string;
  },
): PosternEvent {
  const { outcome, revoked, deliveredBy, correlationId } = result;
  const state = outcome === 'verified' ? event['state'] : undefined;
  const { id } = transmitter.registration;
  return events.create('dev.postern.signal.accepted.v1', {
    ...itemOf(id),
    correlationId,
    data: {
      transmitter: id,
      pushed_by: deliveredBy,
      jti,
      event_type: eventType.slice(0, TEXT_CHARACTERS_MAX),
      issued_at: epochSeconds(issuedAt),
      ...(transaction === undefined ? {} : { txn: transaction }),
      ...(subject === undefined ? {} : { subject_id: subjectIdOf(subject) }),
      outcome,
      revoked,
      ...(typeof state === 'string' ? { state: state.slice(0, TEXT_CHARACTERS_MAX) } : {}),
    },
  });
}

/** The record of one that was refused. */
export function rejectedSignal(
  events: EventFactory,
  { err, rule, transmitter }: SecurityEventRejected,
  { operator, correlationId }: SecurityEventDelivery,
): PosternEvent {
  return events.create('dev.postern.signal.rejected.v1', {
    ...itemOf(transmitter ?? UNKNOWN_TRANSMITTER),
    correlationId,
    severity: 'WARN',
    data: {
      ...(transmitter === undefined ? {} : { transmitter }),
      pushed_by: operator.subjectId,
      err,
      detail: rule,
    },
  });
}

/** The item is the transmitter, whose id begins with `signals/`: its events keep their order. */
const itemOf = (id: string): { subject: string; partitionKey: string } => ({
  subject: id,
  partitionKey: id,
});
