import {
  type EventFactory,
  type EventJournal,
  type IncomingCommand,
  type RecordPlace,
  SummingJournal,
} from '#events';
import { SecurityEventRejected, type SecurityEventVerifier } from '#identity';
import { type Clock, randomId } from '#kernel';
import {
  type CarryOutSecurityEvent,
  type SecurityEventArrival,
} from './carry-out-security-event.js';
import { rejectedCommand, type RejectedCommand } from './command-record.js';
import { CommandRefused } from './command-refused.js';

export interface ReceiveCommandParts {
  readonly verifier: SecurityEventVerifier;
  readonly effects: CarryOutSecurityEvent;
  readonly journal: EventJournal;
  readonly events: EventFactory;
  readonly clock: Clock;
}

/**
 * Security Event Tokens from the command topic. Whoever may write there may send anything: what is not believed or not
 * permitted changes nothing and leaves an event, and the topic goes on. Such events are summed up by the second, so that a
 * flood of forgeries does not become a flood of writes; a crash loses at most the count of one second.
 */
export class ReceiveCommand {
  readonly #rejected: SummingJournal;

  constructor(private readonly parts: ReceiveCommandParts) {
    this.#rejected = new SummingJournal(parts);
  }

  /**
   * Resolves when the record is done with: carried out, or refused with its event. The same record again does nothing.
   * @throws DependencyUnavailable: nothing is known of it yet, and it must come again
   */
  async receive(command: IncomingCommand): Promise<void> {
    const arrival = arrivalOf(command);
    const rejected = await this.#attempt(command.compactJws, arrival).catch(rejectionOf);
    if (rejected === undefined) return;
    const kind = [rejected.rejection, rejected.transmitter ?? ''];
    await this.#rejected.record(kind, () => rejectedCommand(this.parts.events, rejected, arrival));
  }

  /** Writes what is summed up of refusals; call it about once a second. @throws DependencyUnavailable */
  flushDue(): Promise<void> {
    return this.#rejected.flushDue();
  }

  /** Writes what is left to write. @throws DependencyUnavailable */
  close(): Promise<void> {
    return this.#rejected.close();
  }

  async #attempt(
    compactJws: string | undefined,
    arrival: SecurityEventArrival,
  ): Promise<RejectedCommand | undefined> {
    if (compactJws === undefined) return UNREADABLE;
    const event = await this.parts.verifier.verify(compactJws);
    const mark = await this.parts.effects.carryOut(event, arrival);
    // A record that is given again was done just before a crash: that is no replay.
    if (mark === undefined || mark === arrival.mark) return undefined;
    const { transmitter, jti } = event;
    const rule = 'a token with its jti was carried out before';
    return { rejection: 'replayed', rule, transmitter: transmitter.registration.id, jti };
  }
}

const UNREADABLE: RejectedCommand = {
  rejection: 'malformed',
  rule: 'its record has no value, or one that is too long or no UTF-8',
};

function rejectionOf(error: unknown): RejectedCommand {
  if (error instanceof CommandRefused) {
    return { rejection: error.rejection, rule: error.rule, ...error.command };
  }
  if (!(error instanceof SecurityEventRejected)) throw error;
  const { fault, rule, transmitter } = error;
  return { rejection: fault, rule, ...(transmitter === undefined ? {} : { transmitter }) };
}

const arrivalOf = ({ place, key }: IncomingCommand): SecurityEventArrival => ({
  correlationId: randomId('cmd'),
  place,
  mark: markOf(place),
  deliveredBy: markOf(place),
  initiatorId: undefined,
  recordKey: { value: key },
});

const markOf = ({ topic, partition, offset }: RecordPlace): string =>
  `${topic}/${partition}/${offset}`;
