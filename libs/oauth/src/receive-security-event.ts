import { type EventFactory, type EventJournal } from '#events';
import {
  type SecurityEvent,
  type SecurityEventError,
  SecurityEventRejected,
  type SecurityEventVerifier,
} from '#identity';
import {
  type CarryOutSecurityEvent,
  type SecurityEventArrival,
} from './carry-out-security-event.js';
import { rejectedCommand } from './command-record.js';
import { CommandRefused } from './command-refused.js';
import { rejectedSignal, type SecurityEventDelivery } from './signal-record.js';

export interface ReceiveSecurityEventParts {
  readonly verifier: SecurityEventVerifier;
  readonly effects: CarryOutSecurityEvent;
  readonly journal: EventJournal;
  readonly events: EventFactory;
}

/** Security Event Tokens that are pushed (RFC 8935): what says that trust in a workload was lost, and commands. */
export class ReceiveSecurityEvent {
  constructor(private readonly parts: ReceiveSecurityEventParts) {}

  /**
   * @param compactJws The body of the request.
   * @throws SecurityEventRejected after its event was committed
   * @throws DependencyUnavailable: the transmitter must send it again
   */
  async receive(compactJws: string, delivery: SecurityEventDelivery): Promise<void> {
    const event = await this.#verified(compactJws, delivery);
    const arrival = arrivalOf(delivery);
    await this.parts.effects.carryOut(event, arrival).catch(async (error: unknown) => {
      throw error instanceof CommandRefused ? await this.#refused(error, arrival) : error;
    });
  }

  async #verified(compactJws: string, delivery: SecurityEventDelivery): Promise<SecurityEvent> {
    try {
      return await this.parts.verifier.verify(compactJws);
    } catch (error) {
      if (error instanceof SecurityEventRejected) {
        await this.parts.journal.append([rejectedSignal(this.parts.events, error, delivery)]);
      }
      throw error;
    }
  }

  async #refused(
    { rejection, rule, command }: CommandRefused,
    arrival: SecurityEventArrival,
  ): Promise<SecurityEventRejected> {
    const { journal, events } = this.parts;
    await journal.append([rejectedCommand(events, { rejection, rule, ...command }, arrival)]);
    const err: SecurityEventError =
      rejection === 'not_allowed' ? 'access_denied' : 'invalid_request';
    return new SecurityEventRejected(err, rule, { transmitter: command.transmitter });
  }
}

const arrivalOf = ({ operator, correlationId }: SecurityEventDelivery): SecurityEventArrival => ({
  correlationId,
  mark: `push ${correlationId}`,
  deliveredBy: operator.subjectId,
  pushedBy: operator.subjectId,
  initiatorId: operator.handleId ?? operator.subjectId,
});
