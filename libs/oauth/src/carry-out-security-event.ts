import { type CommandRejection, type EventFactory, type PosternEvent } from '#events';
import { type HandleStore, type OrderReceipt, type OrderReceipts, targetOf } from '#handles';
import {
  type SecurityEvent,
  SET_AGE_SECONDS_MAX,
  SET_CLOCK_SKEW_SECONDS,
  subjectIdOf,
} from '#identity';
import { secondsAfter, sha256OfParts } from '#kernel';
import { type ChangeHandles } from './change-handles.js';
import { acceptedCommand, type CommandDelivery } from './command-record.js';
import { CommandRefused } from './command-refused.js';
import { type RotateCommand } from './rotate-command.js';
import { type RotationOrders } from './rotation-orders.js';
import {
  type HandleCommand,
  isCommand,
  readCommand,
  type SecurityCommand,
} from './security-command.js';
import { effectOf } from './security-event-effect.js';
import { acceptedSignal } from './signal-record.js';

/** As long after `iat` as any process takes the token, whatever its clock. */
const REMEMBERED_SECONDS = SET_AGE_SECONDS_MAX + 2 * SET_CLOCK_SKEW_SECONDS;

/** How a security event came here. */
export interface SecurityEventArrival extends CommandDelivery {
  /** Where it came from, for its receipt: the same for the same record, and for no other. */
  readonly mark: string;
  /** Who or what delivered it, for its record. */
  readonly deliveredBy: string;
  /** Who asked, for the record of what a CAEP event revokes; undefined: its transmitter. */
  readonly initiatorId: string | undefined;
  /** Of a record of the command topic: its key. Undefined where there is no record. */
  readonly recordKey?: { readonly value: string | undefined };
}

export interface CarryOutSecurityEventParts {
  readonly handles: HandleStore;
  readonly changes: ChangeHandles;
  readonly rotations: RotationOrders;
  readonly receipts: OrderReceipts;
  readonly events: EventFactory;
}

/**
 * Does what a verified security event asks for, once. Its receipt and its event are written with the last of its effects: a
 * crash before that means that it is done when it comes again, and a crash after it that it is not.
 */
export class CarryOutSecurityEvent {
  constructor(private readonly parts: CarryOutSecurityEventParts) {}

  /**
   * Resolves to undefined when it was done, or to the mark of the arrival with which it was done before.
   * @throws CommandRefused: nothing was done, and no event written
   * @throws DependencyUnavailable: it must come again
   */
  async carryOut(event: SecurityEvent, arrival: SecurityEventArrival): Promise<string | undefined> {
    return isCommand(event) ? this.#command(event, arrival) : this.#signal(event, arrival);
  }

  async #command(event: SecurityEvent, arrival: SecurityEventArrival): Promise<string | undefined> {
    const command = readCommand(event);
    assertKeyed(event, command, arrival);
    if (command.action === 'rotate') return this.#rotate(event, command, arrival);
    await this.#assertKnown(event, command);
    const { registration, speaksOf } = event.transmitter;
    const outcome = await this.parts.changes.carryOut({
      ...command,
      within: speaksOf,
      initiator: 'command',
      initiatorId: registration.id,
      correlationId: arrival.correlationId,
      receipt: receiptOf(event, arrival, (handles) => [
        acceptedCommand(this.parts.events, event, { command, handles, delivery: arrival }),
      ]),
    });
    return outcome.kind === 'repeated' ? outcome.mark : undefined;
  }

  /** The rotation and the event of its command are written together; that it is there is its receipt until that is kept. */
  async #rotate(
    event: SecurityEvent,
    command: RotateCommand,
    arrival: SecurityEventArrival,
  ): Promise<string | undefined> {
    const { receipts, rotations, events } = this.parts;
    const receipt = receiptOf(event, arrival, () => []);
    const mark = await receipts.find(receipt.key);
    if (mark !== undefined) return mark;
    const { origin, trigger, sealedToken, reason, selector } = command;
    const accepted = { command, handles: 0, delivery: arrival };
    const outcome = await rotations.request({
      ...{ origin, trigger, sealedToken, reason, resource: selector.id },
      initiatorId: event.transmitter.registration.id,
      occurrence: `command:${receipt.key}`,
      correlationId: arrival.correlationId,
      told: (rotationId) => [acceptedCommand(events, event, { ...accepted, rotationId })],
    });
    if ('rule' in outcome) throw refusedCommand(outcome.kind, outcome.rule, { event, command });
    return receipts.keep(receipt);
  }

  /** What is not there and what is of another issuer look the same, also to who reads the events. */
  async #assertKnown(event: SecurityEvent, command: HandleCommand): Promise<void> {
    const { selector } = command;
    const { handles } = this.parts;
    if (selector.scope !== 'handle' && selector.scope !== 'family') return;
    const [handle] =
      selector.scope === 'handle'
        ? [await handles.findById(selector.id)]
        : await handles.list({ familyId: selector.id, limit: 1 });
    const { registration, speaksOf } = event.transmitter;
    if (handle !== undefined && speaksOf.has(handle.subject.issuer)) return;
    const rule = `it names no ${selector.scope} of an issuer that ${registration.id} may speak of`;
    throw refusedCommand('unknown_target', rule, { event, command });
  }

  async #signal(event: SecurityEvent, arrival: SecurityEventArrival): Promise<string | undefined> {
    const { changes, events, receipts } = this.parts;
    const { deliveredBy, correlationId, initiatorId } = arrival;
    const effect = effectOf(event);
    const outcome = effect === 'revoke' ? 'revoked' : effect;
    const receipt = receiptOf(event, arrival, (revoked) => [
      acceptedSignal(events, event, { outcome, revoked, deliveredBy, correlationId }),
    ]);
    const { subject, transmitter } = event;
    if (effect !== 'revoke' || subject === undefined) return receipts.keep(receipt);
    const { id } = transmitter.registration;
    const done = await changes.carryOut({
      action: 'revoke',
      selector: { scope: 'subject', id: subjectIdOf(subject) },
      reason: `security event ${event.eventType} of ${id}`,
      initiator: 'command',
      initiatorId: initiatorId ?? id,
      correlationId,
      receipt,
    });
    return done.kind === 'repeated' ? done.mark : undefined;
  }
}

/** So that commands for one target come in order. CAEP events only take away: theirs does not matter. */
function assertKeyed(
  event: SecurityEvent,
  command: SecurityCommand,
  { recordKey }: SecurityEventArrival,
): void {
  if (recordKey === undefined || recordKey.value === targetOf(command.selector)) return;
  const rule = 'the key of its record is not its target';
  throw refusedCommand('wrong_key', rule, { event, command });
}

const refusedCommand = (
  rejection: CommandRejection,
  rule: string,
  told: { readonly event: SecurityEvent; readonly command: SecurityCommand },
): CommandRefused =>
  new CommandRefused(rejection, rule, {
    transmitter: told.event.transmitter.registration.id,
    jti: told.event.jti,
    action: told.command.action,
    target: targetOf(told.command.selector),
  });

const receiptOf = (
  { transmitter, jti, issuedAt }: SecurityEvent,
  { mark }: SecurityEventArrival,
  eventsOf: (handles: number) => readonly PosternEvent[],
): OrderReceipt => ({
  key: sha256OfParts(['set', transmitter.registration.issuer, jti]),
  mark,
  expiresAt: secondsAfter(issuedAt, REMEMBERED_SECONDS),
  eventsOf,
});
